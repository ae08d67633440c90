"""A live socket of Fish's whose client has a long text spoken and reads nothing of it.

There is no credit on such a socket: only the server's own clock, and then the transport, bound what
is made for it.
"""

import asyncio
import ssl
from typing import cast
from urllib.parse import urlsplit, urlunsplit

import msgpack
from websockets.client import ClientProtocol
from websockets.http11 import Response
from websockets.protocol import OPEN
from websockets.uri import parse_uri

from loadtest.connection import CONNECT_TIMEOUT_S, Refused
from loadtest.texts import long_text
from protocol.messages import Limits

_PATH = "/v1/tts/live"
_REQUEST = {"format": "pcm", "sample_rate": 24_000, "text": ""}
#: What a server takes that was told nothing else.
_TEXT = long_text(Limits().max_text_chars)
_EVENTS = (
    {"event": "start", "request": _REQUEST},
    {"event": "text", "text": _TEXT},
    {"event": "stop"},
)


class DeafFish(asyncio.Protocol):
    """One socket. Made by `connect_deaf`."""

    def __init__(self, url: str) -> None:
        self._socket = ClientProtocol(parse_uri(url))
        self._transport: asyncio.Transport | None = None
        self.accepted: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def close(self) -> None:
        """Leave without a word."""
        if self._transport is not None:
            self._transport.abort()
            self._transport = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the upgrade."""
        self._transport = cast("asyncio.Transport", transport)
        self._socket.send_request(self._socket.connect())
        self._flush()

    def data_received(self, data: bytes) -> None:
        """Read the answer to the handshake, speak, and read nothing more."""
        self._socket.receive_data(data)
        for event in self._socket.events_received():
            if isinstance(event, Response) and self._socket.state is OPEN:
                self.accepted.set_result(None)
                self._speak()
            elif isinstance(event, Response):
                self.accepted.set_exception(Refused(event.status_code, None))

    def connection_lost(self, exc: Exception | None) -> None:
        """Learn that the server has closed, where that can be learnt without reading."""
        self._transport = None
        if not self.accepted.done():
            self.accepted.set_exception(exc or ConnectionError("the server closed the connection"))

    def _speak(self) -> None:
        if self._transport is not None:
            self._transport.pause_reading()
        for event in _EVENTS:
            self._socket.send_binary(msgpack.packb(event))
        self._flush()

    def _flush(self) -> None:
        if self._transport is not None:
            self._transport.write(b"".join(self._socket.data_to_send()))


async def connect_deaf(url: str) -> DeafFish:
    """Connect to the server of a WebSocket's `url`, and have it speak.

    Raises:
        Refused: the server answered something else than an upgrade.
        OSError: there is no server, or it went away.
        TimeoutError: it did not answer.
    """
    address = urlunsplit((*urlsplit(url)[:2], _PATH, "", ""))
    uri = parse_uri(address)
    async with asyncio.timeout(CONNECT_TIMEOUT_S):
        _, socket = await asyncio.get_running_loop().create_connection(
            lambda: DeafFish(address),
            uri.host,
            uri.port,
            ssl=ssl.create_default_context() if uri.secure else None,
        )
        try:
            await socket.accepted
        except BaseException:
            socket.close()
            raise
    return socket
