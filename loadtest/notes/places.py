"""Where notes wait, and what a run is called."""

import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.helpers.redis_server import RedisServer


def run_name() -> str:
    """Return a name that no other run has."""
    return f"loadtest-{secrets.token_hex(4)}"


def free_port() -> int:
    """Return a port that is free, for a server that is to come again where it was."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@contextmanager
def redis_at(folder: Path, *, sync: str = "everysec") -> Iterator[RedisServer]:
    """Run a Redis with its append-only file in `folder`, on the disk when `sync` says."""
    server = RedisServer(folder, sync=sync)
    server.start()
    try:
        yield server
    finally:
        server.kill()
