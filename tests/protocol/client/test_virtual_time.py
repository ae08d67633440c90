"""What takes the client seconds, on a clock that jumps: no socket, the connection alone."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise

import anyio
import pytest

from protocol import (
    Audio,
    Cancel,
    ClientMessage,
    Connection,
    Credit,
    Fault,
    Limits,
    Open,
    Opened,
    Ping,
    Pong,
    Ready,
    Role,
    ServerMessage,
)
from protocol.client import ClientConnection, ConnectionLost
from protocol.client.connection import SILENCE_S
from protocol.client.socket import ClientSocket
from protocol.client.stream import LEAVE_TIMEOUT_S

pytestmark = pytest.mark.anyio

RATE_HZ = 8000
CHUNK = RATE_HZ // 10


class Wire(ClientSocket):
    """A socket whose other end is the test."""

    def __init__(self) -> None:
        self.sent: list[tuple[float, ClientMessage | Fault]] = []
        self.core: Connection[ClientMessage | Fault, ServerMessage] = Connection(Role.SERVER)
        self._incoming, self._outgoing = anyio.create_memory_object_stream[bytes](1000)

    async def receive(self) -> bytes:
        return await self._outgoing.receive()

    async def send(self, data: bytes) -> None:
        self.sent += [(anyio.current_time(), message) for message in self.core.receive(data)]

    async def close(self, code: int) -> None:
        assert code == 1000
        self._incoming.close()
        self._outgoing.close()

    def say(self, message: ServerMessage) -> None:
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


async def test_a_silent_server_is_asked_once_and_then_given_up() -> None:
    async with connected() as (wire, connection):
        began_s = anyio.current_time()
        with pytest.raises(ConnectionLost, match="silent"):
            async with connection.stream() as stream:
                await anext(stream)
        assert anyio.current_time() - began_s == pytest.approx(2 * SILENCE_S)
        assert wire.heard(Ping) == [pytest.approx(began_s + SILENCE_S)]


async def test_an_answer_to_the_question_keeps_the_connection() -> None:
    async with connected() as (wire, connection):
        with anyio.move_on_after(1.5 * SILENCE_S):
            await anyio.sleep_forever()
        wire.say(Pong(None))
        with anyio.move_on_after(SILENCE_S / 2):
            await anyio.sleep_forever()
        await connection.send(Ping(1))
        assert len(wire.heard(Ping)) == 2


async def test_a_cancel_that_nobody_answers_holds_up_nobody() -> None:
    async with connected() as (wire, connection):
        async with connection.stream():
            began_s = anyio.current_time()
        assert anyio.current_time() - began_s == pytest.approx(LEAVE_TIMEOUT_S)
        assert len(wire.heard(Cancel)) == 1


async def test_a_minute_of_speech_is_granted_second_by_second() -> None:
    async with connected() as (wire, connection), connection.stream() as stream:
        wire.say(Opened(1, RATE_HZ))
        opening = wire.sent[0][1]
        assert isinstance(opening, Open)
        assert opening.credit == 2 * RATE_HZ
        began_s, sent = anyio.current_time(), 0
        while sent < 60 * RATE_HZ:
            window = wire.core.credit(1)
            assert window is not None
            while window.available:
                count = min(CHUNK, window.available)
                wire.say(Audio(1, sent, bytes(2 * count)))
                sent += count
                assert isinstance(await anext(stream), Audio)
            with anyio.move_on_after(0.01):
                await anyio.sleep_forever()
        grants_s = wire.heard(Credit)
        pauses_s = [b - a for a, b in pairwise(grants_s)]
        assert pauses_s
        assert min(pauses_s) >= 0.99
        assert max(pauses_s) <= 1.01
        # A listener at the pace of the audio is never more than the window behind.
        assert anyio.current_time() - began_s == pytest.approx(58, abs=1.1)
