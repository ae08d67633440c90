"""A Hub of one repository, as far as downloading a snapshot asks of one."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import unquote

REPOSITORY = "someone/s1"
GATED = "someone/gated"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
ACCESS = "hf_access"
#: How soon it notices that it is to end.
_POLL_S = 0.01


class FakeHub:
    """Serves the files of a folder; those of the gated repository to whoever has the token."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        #: The files that were sent.
        self.sent: list[str] = []
        #: From which byte on, of those of which only a part was asked for.
        self.ranges: list[str] = []
        #: Files of which half is sent before the connection breaks.
        self.broken: set[str] = set()
        self.url = ""


@contextmanager
def serving_hub(folder: Path) -> Iterator[FakeHub]:
    hub = FakeHub(folder)

    class Handler(_Handler):
        pass

    Handler.hub = hub
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, args=(_POLL_S,))
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    hub: FakeHub

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = unquote(self.path.partition("?")[0]).strip("/")
        for repository in (REPOSITORY, GATED):
            if path.removeprefix(f"api/models/{repository}/revision/") in ("main", COMMIT):
                self._send_json({"id": repository, "sha": COMMIT, "siblings": []})
            elif path.startswith(f"api/models/{repository}/revision/"):
                self._refuse(404, "RevisionNotFound")
            elif path.startswith(f"api/models/{repository}/tree/"):
                self._send_json([self._entry(file) for file in self._files()])
            elif path.startswith(f"{repository}/resolve/"):
                self._resolve(
                    repository, *path.removeprefix(f"{repository}/resolve/").split("/", 1)
                )
            else:
                continue
            return
        self._refuse(404, "RepoNotFound")

    def _files(self) -> list[Path]:
        return [path for path in self.hub.folder.rglob("*") if path.is_file()]

    def _name(self, file: Path) -> str:
        return file.relative_to(self.hub.folder).as_posix()

    def _entry(self, file: Path) -> dict[str, object]:
        oid = hashlib.sha1(file.read_bytes(), usedforsecurity=False).hexdigest()
        return {"type": "file", "path": self._name(file), "size": file.stat().st_size, "oid": oid}

    def _resolve(self, repository: str, revision: str, name: str) -> None:
        if revision not in ("main", COMMIT):
            self._refuse(404, "RevisionNotFound")
        elif not (self.hub.folder / name).is_file():
            self._refuse(404, "EntryNotFound")
        else:
            self._send_file(repository, self.hub.folder / name)

    def _send_file(self, repository: str, file: Path) -> None:
        if repository == GATED and self.headers["Authorization"] != f"Bearer {ACCESS}":
            self._refuse(401, "GatedRepo")
            return
        if self.command == "GET":
            self.hub.sent.append(self._name(file))
        content = file.read_bytes()
        headers = {"ETag": f'"{self._entry(file)["oid"]}"'}
        wanted = self.headers["Range"]
        if wanted is None:
            cut_at = len(content) // 2 if file.name in self.hub.broken else None
            self._send(200, content, headers, cut_at)
            return
        begin = int(wanted.removeprefix("bytes=").split("-")[0])
        self.hub.ranges.append(wanted)
        headers["Content-Range"] = f"bytes {begin}-{len(content) - 1}/{len(content)}"
        self._send(206, content[begin:], headers)

    def _send_json(self, value: object) -> None:
        self._send(200, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def _refuse(self, status: int, code: str) -> None:
        self._send(status, b"{}", {"X-Error-Code": code, "Content-Type": "application/json"})

    def _send(
        self, status: int, body: bytes, headers: dict[str, str], cut_at: int | None = None
    ) -> None:
        self.send_response(status)
        for name, value in {"X-Repo-Commit": COMMIT, **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body[:cut_at])

    def log_message(self, *_: object) -> None:
        pass
