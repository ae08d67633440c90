"""A WebSocket that costs little: no task and no queue, only callbacks.

`websockets` reads the frames; whoever is made of it listens to them.
"""

import asyncio
import ssl
import time
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar, cast

from websockets.client import ClientProtocol
from websockets.exceptions import InvalidStatus
from websockets.frames import Frame
from websockets.http11 import Response
from websockets.protocol import OPEN
from websockets.typing import Subprotocol
from websockets.uri import parse_uri

#: A server that is up answers in milliseconds, and one that is stormed within seconds.
CONNECT_TIMEOUT_S = 10.0

_Ready = TypeVar("_Ready")
_Dialled = TypeVar("_Dialled", bound="WebSocket[Any]")


class Refused(Exception):
    """The server refused the connection. `retry_after_s` is its advice, if it gave any."""

    def __init__(self, status: int, retry_after_s: float | None) -> None:
        super().__init__(f"the server answered {status} instead of upgrading")
        self.status = status
        self.retry_after_s = retry_after_s


class WebSocket(asyncio.Protocol, Generic[_Ready]):
    """One WebSocket. Made by `dial`, which waits until it is `ready`."""

    def __init__(self, url: str, *subprotocols: str) -> None:
        self._socket = ClientProtocol(
            parse_uri(url),
            subprotocols=[Subprotocol(name) for name in subprotocols] or None,
            max_size=None,
        )
        self._transport: asyncio.Transport | None = None
        self._reason = ""
        self.ready: asyncio.Future[_Ready] = asyncio.get_running_loop().create_future()

    @property
    def is_lost(self) -> bool:
        """Whether nothing can be sent any more."""
        return self._transport is None or self._socket.state is not OPEN

    def stop_reading(self) -> None:
        """Leave everything that comes in the kernel."""
        if self._transport is not None:
            self._transport.pause_reading()

    def close(self) -> None:
        """Leave without a word; `connection_lost` follows."""
        if self._transport is not None:
            self._transport.abort()
            self._transport = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the upgrade."""
        self._transport = cast("asyncio.Transport", transport)
        self._socket.send_request(self._socket.connect())
        self._flush()

    def data_received(self, data: bytes) -> None:
        """Read what came."""
        now_s = time.monotonic()
        self._socket.receive_data(data)
        for event in self._socket.events_received():
            if isinstance(event, Frame):
                self._take_frame(event, now_s)
            elif isinstance(event, Response):
                self._take_response(event)
        self._flush()

    def eof_received(self) -> None:
        """Close, as the peer did."""
        self._socket.receive_eof()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell whoever waits for it."""
        self._transport = None
        self._reason = self._reason or str(exc or "the server closed the connection")
        if not self.ready.done():
            self.ready.set_exception(ConnectionError(self._reason))

    def _accepted(self) -> None:
        """Go on behind the handshake."""

    def _take_frame(self, frame: Frame, now_s: float) -> None:
        """Take a frame, read at `now_s` by the monotonic clock."""

    def _take_response(self, response: Response) -> None:
        error = self._socket.handshake_exc
        if isinstance(error, InvalidStatus):
            retry_after = response.headers.get("Retry-After", "")
            seconds = float(retry_after) if retry_after.isdigit() else None
            self.ready.set_exception(Refused(response.status_code, seconds))
        elif error is not None:
            self._fail(str(error))
        else:
            self._accepted()

    def _fail(self, reason: str) -> None:
        self._reason = reason
        self.close()

    def _flush(self) -> None:
        if self._transport is not None:
            data: Sequence[bytes] = self._socket.data_to_send()
            # An empty piece asks to close; the server closes its side itself.
            self._transport.write(b"".join(data))


async def dial(url: str, make: Callable[[], _Dialled]) -> _Dialled:
    """Connect what `make` returns to the server of `url`, and wait until it is ready.

    Raises:
        Refused: the server answered something else than an upgrade.
        OSError: there is no server, or it went away.
        TimeoutError: it did not answer.
    """
    uri = parse_uri(url)
    async with asyncio.timeout(CONNECT_TIMEOUT_S):
        _, connection = await asyncio.get_running_loop().create_connection(
            make,
            uri.host,
            uri.port,
            ssl=ssl.create_default_context() if uri.secure else None,
        )
        try:
            await connection.ready
        except BaseException:
            connection.close()
            raise
    return connection
