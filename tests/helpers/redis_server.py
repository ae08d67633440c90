"""A real Redis for a test: on a port of its own, with its append-only file, to be ill-treated."""

import gc
import shutil
import signal
import socket
import subprocess
import time
import warnings
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

#: Servers run on asyncio: what takes real time is shown on trio where there is time.
BACKENDS = ["asyncio", pytest.param("trio", marks=pytest.mark.slow)]

BINARY = shutil.which("redis-server")
#: It is there within milliseconds, on a machine that has nothing else to do.
_START_S = 20.0


class RedisServer:
    """A process of Redis, and what it has written."""

    def __init__(self, folder: Path, *, sync: str = "no") -> None:
        """Keep its file in `folder`; `sync` is when it is on the disk (`appendfsync`).

        Unlike `everysec`, which holds back what it has to write while a slow disk is busy, `no` has
        written all that it acknowledged: it outlives the process, though not the machine.
        """
        self._folder = folder
        self._sync = sync
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    def start(self) -> None:
        assert BINARY is not None
        # What was written is read again, if anything was.
        options = ["--appendonly", "yes", "--save", "", "--loglevel", "warning"]
        options += ["--appendfsync", self._sync]
        options += ["--bind", "127.0.0.1", "--port", str(self.port), "--dir", str(self._folder)]
        self._process = subprocess.Popen([BINARY, *options], stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + _START_S
        while b"PONG" not in self.command("PING"):
            assert time.monotonic() < deadline, "redis-server does not start"
            time.sleep(0.01)

    def kill(self) -> None:
        """End it without a warning. What it had acknowledged is in its file."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def pause(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def command(self, *words: str) -> bytes:
        """Return the first answer to a command, empty where nobody answers."""
        try:
            with closing(socket.create_connection(("127.0.0.1", self.port), 5.0)) as client:
                client.sendall(" ".join(words).encode() + b"\r\n")
                return client.recv(1 << 16)
        except OSError:
            return b""


def redis_server(folder: Path) -> Iterator[RedisServer]:
    """Yield a Redis that runs, or skip the test."""
    if BINARY is None:
        pytest.skip("needs redis-server: apt-get install redis-server")
    server = RedisServer(folder)
    server.start()
    yield server
    server.resume()
    server.kill()
    # coredis leaves streams behind of connections that were never made. Found later, they would be
    # held against some other test.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
