"""A Hub of one repository, as far as downloading a snapshot asks of one."""

import hashlib
import json
import os
import pty
import subprocess
import sys
import termios
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from select import select
from threading import Event, Thread
from urllib.parse import unquote

from server.hub import LARGE_BYTES
from tests.helpers.serving import ROOT

REPOSITORY = "someone/s1"
GATED = "someone/gated"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
ACCESS = "hf_access"
#: How soon it notices that it is to end, or that nobody reads any more.
_POLL_S = 0.01
#: What is in LFS: another host stores it, and its etag is its sha256.
_LFS = {".bin", ".pth", ".safetensors"}
_STORAGE = "storage/"
_FETCH = """
import sys
from engine.errors import ModelUnavailable
from server.hub import fetch
try:
    print(fetch(sys.argv[1], large_bytes=int(sys.argv[2])))
except ModelUnavailable as error:
    print("refused:", error)
"""


class FakeHub:
    """Serves the files of a folder; those of the gated repository to whoever has the token."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        #: The cache of whoever fetches from it.
        self.cache = folder.parent / "cache"
        #: What was asked of it.
        self.requests: list[str] = []
        #: The files that were sent, and how much of each.
        self.sent: list[str] = []
        self.num_bytes: Counter[str] = Counter()
        #: From which byte on, of those of which only a part was asked for.
        self.ranges: list[str] = []
        self.ignores_ranges = False
        #: Files of which half is sent before the connection breaks.
        self.broken: set[str] = set()
        #: Files of which half is sent, and the rest when it may go on.
        self.held: set[str] = set()
        self.may_go_on = Event()
        #: Whether it ends every connection without a word.
        self.is_away = False
        #: What it answers to everything, without a reason.
        self.status: int | None = None
        #: Whether it has no such repository for anybody.
        self.is_hidden = False
        #: Files that are sent otherwise than it states.
        self.damaged: set[str] = set()
        #: Files that it lists as kept by Xet, which is not there.
        self.xet: set[str] = set()
        self.url = ""

    def fetching(
        self,
        name: str,
        environment: Mapping[str, str],
        *,
        large_bytes: int = LARGE_BYTES,
        before: str = "",
        stderr: int = subprocess.PIPE,
    ) -> subprocess.Popen[str]:
        """Fetch in a process of its own, since the library reads its environment once.

        The process runs `before` first.
        """
        return subprocess.Popen(
            [sys.executable, "-c", before + _FETCH, name, str(large_bytes)],
            cwd=ROOT,
            env={**os.environ, "HF_ENDPOINT": self.url, "HF_HOME": str(self.cache), **environment},
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        )


def outcome(process: subprocess.Popen[str]) -> tuple[str, str]:
    """Return the folder that was fetched, or why there is none; and what was told meanwhile."""
    with process:
        stdout, stderr = process.communicate()
    assert process.returncode == 0, stderr
    return stdout.strip(), stderr


def shown(hub: FakeHub, *, large_bytes: int = LARGE_BYTES) -> str:
    """Fetch, and return what a terminal shows meanwhile."""
    controller, terminal = pty.openpty()
    termios.tcsetwinsize(terminal, (24, 80))
    outcome(hub.fetching(REPOSITORY, {}, large_bytes=large_bytes, stderr=terminal))
    os.close(terminal)
    shown = os.read(controller, 1 << 16).decode()
    os.close(controller)
    return shown


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
        hub.may_go_on.set()
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    hub: FakeHub

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        if self.hub.is_away:
            return
        path = unquote(self.path.partition("?")[0]).strip("/")
        self.hub.requests.append(f"{self.command} {path}")
        if self.hub.status is not None:
            self._send(self.hub.status, b"{}", {})
        else:
            self._answer(path)

    def _answer(self, path: str) -> None:
        if path.startswith(_STORAGE):
            self._send_stored(self.hub.folder / path.removeprefix(_STORAGE))
            return
        for repository in () if self.hub.is_hidden else (REPOSITORY, GATED):
            model = f"api/models/{repository}"
            if path in (model, f"{model}/revision/main", f"{model}/revision/{COMMIT}"):
                self._send_json({"id": repository, "sha": COMMIT, "siblings": []})
            elif path.startswith(f"{model}/revision/"):
                self._refuse(404, "RevisionNotFound")
            elif path.startswith(f"{model}/tree/"):
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
        content, name = file.read_bytes(), self._name(file)
        oid = hashlib.sha1(content, usedforsecurity=False).hexdigest()
        entry: dict[str, object] = {"type": "file", "path": name, "size": len(content), "oid": oid}
        if file.suffix in _LFS:
            sha256 = hashlib.sha256(content).hexdigest()
            entry["lfs"] = {"oid": sha256, "size": len(content), "pointerSize": 134}
        if name in self.hub.xet:
            entry["xetHash"] = hashlib.sha256(name.encode()).hexdigest()
        return entry

    def _resolve(self, repository: str, revision: str, name: str) -> None:
        file = self.hub.folder / name
        if revision not in ("main", COMMIT):
            self._refuse(404, "RevisionNotFound")
        elif not file.is_file():
            self._refuse(404, "EntryNotFound")
        elif repository == GATED and self.headers["Authorization"] != f"Bearer {ACCESS}":
            self._refuse(401, "GatedRepo")
        elif file.suffix in _LFS:
            self._send_elsewhere(file)
        else:
            self._send_file(file)

    def _send_elsewhere(self, file: Path) -> None:
        content, url = file.read_bytes(), self.hub.url.replace("127.0.0.1", "localhost")
        headers = {
            "Location": f"{url}/{_STORAGE}{self._name(file)}",
            "X-Linked-Etag": f'"{hashlib.sha256(content).hexdigest()}"',
            "X-Linked-Size": str(len(content)),
        }
        self._send(302, b"", headers)

    def _send_stored(self, file: Path) -> None:
        if self.headers["Authorization"] is None:
            self._send_file(file)
        else:  # As S3 does: a token of the Hub is none of its business.
            self._refuse(400, "InvalidArgument")

    def _send_file(self, file: Path) -> None:
        name, content = self._name(file), file.read_bytes()
        headers = {"ETag": f'"{self._entry(file)["oid"]}"'}
        if name in self.hub.damaged:
            content = content[::-1]
        if self.command == "GET":
            self.hub.sent.append(name)
        wanted = self.headers["Range"]
        if wanted is not None:
            self.hub.ranges.append(wanted)
        if wanted is None or self.hub.ignores_ranges:
            self._send(200, content, headers, name)
            return
        begin = int(wanted.removeprefix("bytes=").split("-")[0])
        if begin >= len(content):
            self._refuse(416, "RangeNotSatisfiable")
            return
        headers["Content-Range"] = f"bytes {begin}-{len(content) - 1}/{len(content)}"
        self._send(206, content[begin:], headers, name)

    def _send_json(self, value: object) -> None:
        self._send(200, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def _refuse(self, status: int, code: str) -> None:
        self._send(status, b"{}", {"X-Error-Code": code, "Content-Type": "application/json"})

    def _send(self, status: int, body: bytes, headers: dict[str, str], name: str = "") -> None:
        self.send_response(status)
        for header, value in {"X-Repo-Commit": COMMIT, **headers}.items():
            self.send_header(header, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            with suppress(ConnectionError):  # Whoever was killed reads no more.
                self._write(name, body, whole=name not in self.hub.broken or status != 200)

    def _write(self, name: str, body: bytes, *, whole: bool) -> None:
        half = len(body) // 2
        self._count(name, body[:half])
        if whole and (name not in self.hub.held or self._may_go_on()):
            self._count(name, body[half:])

    def _count(self, name: str, part: bytes) -> None:
        self.wfile.write(part)
        self.hub.num_bytes[name] += len(part)

    def _may_go_on(self) -> bool:
        """Wait until it may; tell whether both are still there."""
        while not self.hub.may_go_on.wait(_POLL_S):
            if self.hub.is_away or select([self.connection], [], [], 0)[0]:
                return False
        return True

    def log_message(self, *_: object) -> None:
        pass
