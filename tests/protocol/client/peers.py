"""Servers for the client to meet: the core's server side over a library that is not ours."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from protocol import (
    SUBPROTOCOL,
    Audio,
    Blocked,
    Cancel,
    Cancelled,
    ClientMessage,
    Connection,
    Credit,
    Done,
    End,
    Fault,
    Flush,
    Flushed,
    Limits,
    Mark,
    Open,
    Opened,
    Ready,
    Role,
    ServerMessage,
    Text,
)

RATE_HZ = 8000
#: 50 ms a character.
CHAR_SAMPLES = 400


class Peer:
    """The server's end of one connection."""

    def __init__(self, socket: ServerConnection) -> None:
        self.socket = socket
        self.received: list[ClientMessage] = []
        self._core: Connection[ClientMessage | Fault, ServerMessage] = Connection(Role.SERVER)

    async def send(self, message: ServerMessage) -> None:
        await self.socket.send(self._core.send(message))

    async def __aiter__(self) -> AsyncIterator[ClientMessage]:
        async for data in self.socket:
            assert isinstance(data, bytes)
            for message in self._core.receive(data):
                assert not isinstance(message, Fault)
                self.received.append(message)
                yield message

    async def greet(self) -> None:
        await self.send(Ready("session", "tone", RATE_HZ, Limits()))


Script: TypeAlias = Callable[[Peer], Awaitable[None]]


@dataclass
class Server:
    """A running server: where it is, and whom it has met."""

    url: str = ""
    peers: list[Peer] = field(default_factory=list)

    def received(self, *kinds: type[ClientMessage]) -> list[ClientMessage]:
        return [m for peer in self.peers for m in peer.received if isinstance(m, kinds)]


@asynccontextmanager
async def serving(script: Script, *, subprotocol: str = SUBPROTOCOL) -> AsyncIterator[Server]:
    server = Server()

    async def handle(socket: ServerConnection) -> None:
        peer = Peer(socket)
        server.peers.append(peer)
        try:
            await script(peer)
        except ConnectionClosed:
            return

    async with serve(
        handle, "127.0.0.1", 0, subprotocols=[Subprotocol(subprotocol)], close_timeout=1
    ) as listener:
        port = next(iter(listener.sockets)).getsockname()[1]
        server.url = f"ws://127.0.0.1:{port}/ws/tts"
        yield server


@dataclass(frozen=True)
class _Voice:
    """What the speaking server knows of one stream."""

    stream: int
    upto: int
    text: str = ""
    sent: int = 0
    ended: bool = False
    blocked: bool = False


async def speak(peer: Peer) -> None:
    """Say a sample value per character, within credit, and every word with its mark."""
    await peer.greet()
    voices: dict[int, _Voice] = {}
    async for message in peer:
        match message:
            case Open(stream, credit=credit):
                voices[stream] = _Voice(stream, upto=credit or 2 * RATE_HZ)
                await peer.send(Opened(stream, RATE_HZ))
                continue
            case Cancel(stream, played):
                heard = None if played is None else played // CHAR_SAMPLES
                await peer.send(Cancelled(stream, voices.pop(stream).sent, heard))
                continue
            case Text(stream, text):
                voices[stream] = replace(voices[stream], text=voices[stream].text + text)
            case Credit(stream, upto) if stream in voices:
                voices[stream] = replace(voices[stream], upto=upto, blocked=False)
            case End(stream):
                voices[stream] = replace(voices[stream], ended=True)
            case Flush(stream, id):
                voices[stream] = await _sing(peer, voices[stream])
                await peer.send(Flushed(stream, id, voices[stream].sent))
        await _sing_all(peer, voices)


async def _sing_all(peer: Peer, voices: dict[int, _Voice]) -> None:
    for stream, voice in tuple(voices.items()):
        sung = voices[stream] = await _sing(peer, voice)
        if sung.ended and sung.sent == len(sung.text) * CHAR_SAMPLES:
            await peer.send(Done(stream, sung.sent, "end"))
            del voices[stream]


async def _sing(peer: Peer, voice: _Voice) -> _Voice:
    while voice.sent < len(voice.text) * CHAR_SAMPLES:
        index, inside = divmod(voice.sent, CHAR_SAMPLES)
        count = min(CHAR_SAMPLES - inside, voice.upto - voice.sent)
        if count <= 0:
            if not voice.blocked:
                await peer.send(Blocked(voice.stream, voice.sent))
            return replace(voice, blocked=True)
        if not inside:
            await peer.send(Mark(voice.stream, voice.sent, index, index + 1, "word"))
        pcm = pcm_of(voice.text[index]) * count
        await peer.send(Audio(voice.stream, voice.sent, pcm))
        voice = replace(voice, sent=voice.sent + count)
    return voice


def pcm_of(character: str) -> bytes:
    """Return the one sample that stands for a character."""
    return ord(character).to_bytes(2, "little")
