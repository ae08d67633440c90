"""The web server of `voxline serve` in the test's own event loop, with any application above it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from socket import socket

import anyio
from hypercorn.asyncio import serve
from hypercorn.config import Config
from prometheus_client import Counter
from starlette.types import ASGIApp

from server.transport.guards import install
from server.transport.listener import listen

#: No test sees it pass: a connection that waits for it hangs.
FOR_EVER_S = 3_600.0


@asynccontextmanager
async def web_server(
    app: ASGIApp, *, listener: socket | None = None, most_connections: int = 100
) -> AsyncIterator[tuple[str, int]]:
    """Serve while the block runs; yield the address."""
    listener = listener or listen("127.0.0.1", 0)
    host, port = listener.getsockname()
    install(
        most_connections,
        dropped=Counter("dropped", "Dropped connections", registry=None),
        unread=Counter("unread", "Unread connections", registry=None),
    )
    config = Config()
    config.bind = [f"fd://{listener.detach()}"]
    config.loglevel = "WARNING"
    config.keep_alive_timeout = FOR_EVER_S
    stopped = anyio.Event()

    async def run() -> None:
        await serve(app, config, shutdown_trigger=stopped.wait)  # type: ignore[arg-type]

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(run)
        try:
            yield host, port
        finally:
            stopped.set()
