"""A connection without a socket: the test is the other end of its wire."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio

from protocol import (
    ClientMessage,
    Connection,
    Fault,
    Limits,
    Ready,
    Role,
    ServerMessage,
)
from protocol.client import ClientConnection
from protocol.client.socket import ClientSocket

RATE_HZ = 8000


class Wire(ClientSocket):
    """A socket whose other end is the test."""

    def __init__(self) -> None:
        self.sent: list[tuple[float, ClientMessage | Fault]] = []
        self.core: Connection[ClientMessage | Fault, ServerMessage] = Connection(Role.SERVER)
        self._incoming, self._outgoing = anyio.create_memory_object_stream[bytes](1000)
        #: Set where the server takes what it is sent.
        self.takes = anyio.Event()
        self.takes.set()

    async def receive(self) -> bytes:
        return await self._outgoing.receive()

    async def send(self, data: bytes) -> None:
        await self.takes.wait()
        self.sent += [(anyio.current_time(), message) for message in self.core.receive(data)]

    async def close(self, code: int) -> None:
        assert code == 1000
        self._incoming.close()
        self._outgoing.close()

    def say(self, *messages: ServerMessage) -> None:
        for message in messages:
            self._incoming.send_nowait(self.core.send(message))

    def heard(self, kind: type[ClientMessage]) -> list[float]:
        return [at_s for at_s, message in self.sent if isinstance(message, kind)]


@asynccontextmanager
async def connected() -> AsyncIterator[tuple[Wire, ClientConnection]]:
    wire = Wire()
    connection = ClientConnection(wire)
    wire.say(Ready("session", "tone", RATE_HZ, Limits()))
    await connection.handshake()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(connection.run)
        yield wire, connection
        await connection.leave()


async def pass_time(seconds: float = 0.1) -> None:
    """Let every other task go on until `seconds` have passed."""
    with anyio.move_on_after(seconds):
        await anyio.sleep_forever()
