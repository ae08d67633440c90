"""A link to a server on this machine that can be cut for ever."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
from anyio.abc import ByteStream, SocketAttribute, SocketStream


class CutLink:
    """Listens on `port`, and passes on what comes until it is cut."""

    def __init__(self, port: int, scope: anyio.CancelScope) -> None:
        self.port = port
        self._scope = scope
        self.is_cut = anyio.Event()

    async def cut(self) -> None:
        """Break all connections, and refuse any other."""
        self._scope.cancel()
        await self.is_cut.wait()


@asynccontextmanager
async def linked(port: int) -> AsyncIterator[CutLink]:
    """Open a link to the server on `port`."""

    async def passed_on(here: SocketStream) -> None:
        there = await anyio.connect_tcp("127.0.0.1", port)
        async with here, there, anyio.create_task_group() as tasks:
            tasks.start_soon(_pump, here, there, tasks.cancel_scope)
            tasks.start_soon(_pump, there, here, tasks.cancel_scope)

    async def serve() -> None:
        with scope:
            async with listener:
                await listener.serve(passed_on)
        link.is_cut.set()

    scope = anyio.CancelScope()
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    link = CutLink(listener.extra(SocketAttribute.local_port), scope)  # noqa: S610 no SQL
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(serve)
        yield link
        scope.cancel()


async def _pump(source: ByteStream, sink: ByteStream, scope: anyio.CancelScope) -> None:
    try:
        async for data in source:
            await sink.send(data)
    except (anyio.BrokenResourceError, anyio.ClosedResourceError):
        pass
    scope.cancel()
