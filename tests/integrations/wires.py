"""Links whose connections are wires: the test is the server, and its clock jumps."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import anyio

from protocol.client import ClientConnection, ConnectFailed, ConnectionLost
from protocol.integrations.link import Link
from tests.protocol.client.wire import Wire, connected


class Exchange:
    """Gives a wire to whoever dials, or the next failure."""

    def __init__(self, *failures: ConnectFailed) -> None:
        self.failures = list(failures)
        self.wires: list[Wire] = []
        self.dialled_s: list[float] = []
        self.told: list[str] = []
        self.link = Link(self.dial, connected=self._connected, failed=self._failed)

    def dial(self) -> AbstractAsyncContextManager[ClientConnection]:
        return self._dial()

    @asynccontextmanager
    async def _dial(self) -> AsyncIterator[ClientConnection]:
        self.dialled_s.append(anyio.current_time())
        if self.failures:
            raise self.failures.pop(0)
        async with connected() as (wire, connection):
            self.wires.append(wire)
            try:
                yield connection
            finally:
                with anyio.CancelScope(shield=True):
                    await wire.close(1000)

    async def _connected(self) -> None:
        self.told.append("connected")

    async def _failed(self, error: ConnectFailed | ConnectionLost) -> None:
        self.told.append(str(error))


@asynccontextmanager
async def linked(*failures: ConnectFailed) -> AsyncIterator[Exchange]:
    """Run a link while the block does."""
    exchange = Exchange(*failures)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(exchange.link.run)
        yield exchange
        tasks.cancel_scope.cancel()
