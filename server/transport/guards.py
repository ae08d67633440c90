"""Hypercorn's connections, with what it leaves open closed.

It has no settings for these, so its classes are replaced by subclasses, once, before it serves.
Hypercorn is pinned to the versions this was tried with, and each replacement has its test.
"""

import asyncio
from contextlib import suppress
from types import ModuleType
from typing import Any, ClassVar

import hypercorn.asyncio.run
import hypercorn.asyncio.tcp_server
import hypercorn.protocol
import hypercorn.protocol.h11
from hypercorn.asyncio.tcp_server import MAX_RECV, TCPServer
from hypercorn.events import Closed, RawData
from hypercorn.events import Event as ConnectionEvent
from prometheus_client import Counter

from server.transport.http11 import Http11Protocol
from server.transport.inbox import InboxTasks
from server.transport.plain_websocket import PlainWebSocket

#: What may wait for the end of a turn of the loop: all that one connection says in it, as a rule. A
#: file that is read fast makes more.
MAX_WAITING_BYTES = 1 << 16


class AbortableConnection(TCPServer):
    """Can be cut off from outside, with all that waits to be sent to a peer that does not read.

    However the peer goes, that is no fault of ours: hypercorn knows of a reset, and lets every
    other error pass, as that of a peer that was given up or whose network is gone.
    """

    #: The open ones. Hypercorn makes them itself, so there is nowhere else to keep them.
    open_ones: ClassVar["set[AbortableConnection]"] = set()
    #: How many may be open: each takes a descriptor, and the process must not run out of them.
    most: ClassVar[int]
    dropped: ClassVar[Counter]
    #: Counts those that the kernel has given up, since their peers acknowledged nothing.
    unread: ClassVar[Counter]

    def __init__(self, *args: Any) -> None:  # noqa: ANN401 hypercorn's own, passed on
        super().__init__(*args)
        self._waiting = bytearray()

    async def run(self) -> None:
        """Serve the connection, or drop it where there are enough."""
        if len(self.open_ones) >= self.most:
            self.dropped.inc()
            self.abort()
            return
        self.open_ones.add(self)
        try:
            await super().run()
        finally:
            self.open_ones.discard(self)
            self._let_go()

    def _let_go(self) -> None:
        """Leave no cycle: to find those, the interpreter would have to stop everybody."""
        self._waiting.clear()
        for name in ("protocol", "writer"):
            vars(self).pop(name, None)

    async def _initiate_server_close(self) -> None:
        # Its task may begin only after all has ended.
        if self in self.open_ones:
            await super()._initiate_server_close()

    async def protocol_send(self, event: ConnectionEvent) -> None:
        """Send; to a peer that is gone, nothing."""
        try:
            if isinstance(event, RawData):
                await self._send_data(event.data)
            else:
                await super().protocol_send(event)
        except (OSError, RuntimeError):
            await self.protocol.handle(Closed())

    async def _send_data(self, data: bytes) -> None:
        if not self._waiting:
            self.loop.call_soon(self._write_out)
        self._waiting += data
        if len(self._waiting) >= MAX_WAITING_BYTES:
            self._write_out()
        await self.writer.drain()

    def _write_out(self) -> None:
        """Write what waits, unless the connection is closed."""
        data, self._waiting = self._waiting, bytearray()
        if data and not self.writer.transport.is_closing():
            self.writer.write(data)

    async def _read_data(self) -> None:
        # As hypercorn does, but for a timeout that is not set and costs as much as the reading.
        try:
            while data := await self.reader.read(MAX_RECV):
                await self.protocol.handle(RawData(data))
        except TimeoutError:
            self.unread.inc()
        except OSError:
            pass
        await self.protocol.handle(Closed())
        # Who has left will ask for nothing: hypercorn would wait for it, and keep the descriptor.
        await self.idle_task.stop()

    async def _close(self) -> None:
        with suppress(OSError):
            self._write_out()
            await super()._close()
        try:
            # By now it is known how it ended.
            async with asyncio.timeout(0):
                await self.writer.wait_closed()
        except OSError as error:
            # It holds the frames that hold the writer that holds it.
            error.with_traceback(None)

    def abort(self) -> None:
        """Drop the connection without a word."""
        self.writer.transport.abort()


def abort_connections() -> None:
    """Drop every connection of this process."""
    for connection in list(AbortableConnection.open_ones):
        connection.abort()


#: Where hypercorn looks each class up, by the name of the one it replaces.
_REPLACEMENTS: tuple[tuple[ModuleType, type], ...] = (
    (hypercorn.protocol, Http11Protocol),
    (hypercorn.protocol.h11, PlainWebSocket),
    (hypercorn.asyncio.run, AbortableConnection),
    (hypercorn.asyncio.tcp_server, InboxTasks),
)


def install(most_connections: int, *, dropped: Counter, unread: Counter) -> None:
    """Let hypercorn use our classes.

    Connections beyond so many are `dropped`, and those that nobody reads `unread`, and counted.
    """
    AbortableConnection.most = most_connections
    AbortableConnection.dropped = dropped
    AbortableConnection.unread = unread
    for module, replacement in _REPLACEMENTS:
        setattr(module, replacement.__bases__[0].__name__, replacement)
