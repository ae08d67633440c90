"""A client that shares only the protocol's core with the server: its socket is another library."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

import anyio
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from protocol import messages as m
from protocol.codec import decode_server
from protocol.connection import Connection, Role
from protocol.encodings import BYTES_PER_SAMPLE
from tests.helpers.serving import Server

#: Far longer than an answer takes: only a hang gets there.
ANSWER_TIMEOUT_S = 15.0
#: More samples than any test speaks.
PLENTY = 100_000_000

_M = TypeVar("_M", bound=m.ServerMessage)


@dataclass(slots=True)
class Heard:
    """All that came for one stream."""

    bytes_per_sample: int = BYTES_PER_SAMPLE["pcm16"]
    sample_rate: int = 0
    pcm: bytes = b""
    messages: list[m.ServerMessage] = field(default_factory=list)

    @property
    def samples(self) -> int:
        return len(self.pcm) // self.bytes_per_sample

    @property
    def end(self) -> m.ServerMessage:
        return self.messages[-1]

    def of(self, kind: type[_M]) -> list[_M]:
        return [message for message in self.messages if isinstance(message, kind)]


class PeerClosed(Exception):
    """The server has closed the connection."""

    def __init__(self, code: int | None) -> None:
        super().__init__(code)
        self.code = code


class Duplex(Protocol):
    """The socket below, whichever it is."""

    async def send(self, frame: bytes | str) -> None: ...

    async def receive(self) -> bytes:
        """Return the next message, or raise `PeerClosed`."""
        ...

    def vanish(self) -> None:
        """Leave without a word."""
        ...


class RealSocket:
    """A socket of the library `websockets`."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection

    async def send(self, frame: bytes | str) -> None:
        await self._connection.send(frame)

    async def receive(self) -> bytes:
        try:
            data = await self._connection.recv()
        except ConnectionClosed:
            raise PeerClosed(self._connection.close_code) from None
        assert isinstance(data, bytes)
        return data

    def vanish(self) -> None:
        """Leave without a word."""
        self._connection.transport.abort()


class Client:
    """Judges every message of the server by the protocol, and sorts them by stream."""

    def __init__(self, socket: Duplex) -> None:
        self.socket = socket
        self.connection = Connection(Role.CLIENT, m.Limits())
        self.heard: dict[int, Heard] = {}
        self._bytes_per_sample: dict[int, int] = {}

    async def send(self, *messages: m.ClientMessage) -> None:
        for message in messages:
            if isinstance(message, m.Open):
                self._bytes_per_sample[message.stream] = BYTES_PER_SAMPLE[message.encoding]
            await self.socket.send(self.connection.send(message))

    async def receive(self) -> m.ServerMessage:
        while True:
            with anyio.fail_after(ANSWER_TIMEOUT_S):
                data = await self.socket.receive()
            for message in self.connection.receive(data):
                self._sort(message)
                return message

    async def expect(self, kind: type[_M]) -> _M:
        """Receive until a message of the kind comes."""
        while True:
            message = await self.receive()
            if isinstance(message, kind):
                return message

    async def answer(self, frame: bytes | str) -> m.Error:
        """Send what a client may not send, and receive until the error that answers it."""
        await self.socket.send(frame)
        while True:
            with anyio.fail_after(ANSWER_TIMEOUT_S):
                message = decode_server(await self.socket.receive())
            if isinstance(message, m.Error):
                return message

    async def finish(self, *streams: int) -> list[Heard]:
        """Receive until each of the streams has ended."""
        while not all(self._has_ended(stream) for stream in streams):
            await self.receive()
        return [self.heard[stream] for stream in streams]

    async def speak(self, opening: m.Open, *texts: str) -> Heard:
        """Speak a whole text; the stream must be `done`."""
        await self.send(opening, *(m.Text(opening.stream, text) for text in texts))
        await self.send(m.End(opening.stream))
        (heard,) = await self.finish(opening.stream)
        assert isinstance(heard.end, m.Done), heard.end
        return heard

    async def settle(self) -> None:
        """Receive all that the server answers before it has read a ping."""
        await self.send(m.Ping("settled"))
        while await self.receive() != m.Pong("settled"):
            pass

    async def closed(self) -> int | None:
        """Return the code with which the server closes; nothing may come before it."""
        try:
            with anyio.fail_after(ANSWER_TIMEOUT_S):
                await self.socket.receive()
        except PeerClosed as closed:
            return closed.code
        raise AssertionError("a message came instead of a close")

    def _has_ended(self, stream: int) -> bool:
        heard = self.heard.get(stream)
        return heard is not None and isinstance(heard.end, m.Done | m.Cancelled | m.Error)

    def _sort(self, message: m.ServerMessage) -> None:
        stream: int | None = getattr(message, "stream", None)
        if stream is None:
            return
        unknown = BYTES_PER_SAMPLE["pcm16"]
        heard = self.heard.setdefault(stream, Heard(self._bytes_per_sample.get(stream, unknown)))
        heard.messages.append(message)
        if isinstance(message, m.Opened):
            heard.sample_rate = message.sample_rate
        elif isinstance(message, m.Audio):
            assert message.at == heard.samples
            heard.pcm += message.pcm
        elif isinstance(message, m.Done):
            assert message.samples == heard.samples


@asynccontextmanager
async def talking(server: Server) -> AsyncIterator[Client]:
    """Connect, and wait for `ready`."""
    async with connect(
        server.ws_url,
        subprotocols=[Subprotocol(m.SUBPROTOCOL)],
        compression=None,
        max_size=None,
        proxy=None,
    ) as socket:
        client = Client(RealSocket(socket))
        await client.expect(m.Ready)
        yield client


def opening(stream: int, **fields: object) -> m.Open:
    """Build an `open` with all the credit a test can use, unless it says otherwise."""
    return m.Open(stream, **({"credit": PLENTY} | fields))  # type: ignore[arg-type]
