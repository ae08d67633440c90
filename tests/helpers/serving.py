"""The real server as a subprocess, on a free port."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

ROOT = Path(__file__).parent.parent.parent
#: Far longer than a stop takes: only a hang gets there.
STOP_TIMEOUT_S = 20.0


@dataclass(frozen=True, slots=True)
class Server:
    """Where it listens."""

    host: str
    port: int

    @property
    def address(self) -> str:
        return f"{self.host}:{self.port}"

    @property
    def ws_url(self) -> str:
        return f"ws://{self.address}/ws/tts"

    @property
    def http_url(self) -> str:
        return f"http://{self.address}"


def voxline(*arguments: str, environment: Mapping[str, str] | None = None) -> list[str]:
    """Return the command line of `voxline`; `environment` is applied by `env`."""
    settings = [f"{name}={value}" for name, value in (environment or {}).items()]
    return ["env", *settings, sys.executable, "-m", "server", *arguments]


@contextmanager
def starting(
    *arguments: str, port: int = 0, log: IO[str] | None = None
) -> Iterator["ServerProcess"]:
    """Run `python -m` with `arguments` until it is ready; what is left at the end is killed.

    Without a `port` it takes a free one. What it logs goes to `log`, or to where our own errors go.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", *arguments, "--port", str(port)],
        cwd=ROOT,
        env=os.environ,
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
    )
    with process:
        assert process.stdout is not None
        try:
            yield ServerProcess(_address(process.stdout), process)
        finally:
            process.kill()


@contextmanager
def serving(model: str, *flags: str) -> Iterator[Server]:
    """Serve while the block runs; then SIGTERM must end the server with status 0."""
    with starting("server", "serve", "--model", model, *flags) as process:
        yield process.server
        process.signal(signal.SIGTERM)
        assert process.wait() == 0


@dataclass(frozen=True, slots=True)
class ServerProcess:
    """A server that the test ends itself."""

    server: Server
    _process: "subprocess.Popen[str]"

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def num_threads(self) -> int:
        return len(list(Path(f"/proc/{self._process.pid}/task").iterdir()))

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def line(self) -> str:
        """Return the next line that it prints."""
        assert self._process.stdout is not None
        return self._process.stdout.readline()

    def wait(self) -> int:
        """Wait for its end; return the exit status."""
        return self._process.wait(STOP_TIMEOUT_S)


def _address(lines: Iterator[str]) -> Server:
    host, port = "", 0
    for line in lines:
        if line.startswith("calls"):
            parts = urlsplit(line.split()[1].rstrip(","))
            assert parts.hostname is not None
            assert parts.port is not None
            host, port = parts.hostname, parts.port
        if line.strip() == "ready":
            return Server(host, port)
    raise AssertionError("the server ended before it was ready")
