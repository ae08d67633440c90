"""A connection that costs little: no task and no queue, only callbacks.

`websockets` reads the frames, `protocol` judges the messages, and each goes to whoever listens to
its stream. A server that breaks the protocol loses the connection, and is reported.
"""

import asyncio
import ssl
import time
from collections.abc import Sequence
from typing import Protocol, cast

from websockets.client import ClientProtocol
from websockets.exceptions import InvalidStatus
from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.protocol import OPEN
from websockets.typing import Subprotocol
from websockets.uri import parse_uri

from loadtest.counters import Counters
from protocol import messages as m
from protocol.connection import Connection, Role
from protocol.errors import RemoteProtocolError

#: A server that is up answers in milliseconds, and one that is stormed within seconds.
CONNECT_TIMEOUT_S = 10.0


class Refused(Exception):
    """The server refused the connection. `retry_after_s` is its advice, if it gave any."""

    def __init__(self, status: int, retry_after_s: float | None) -> None:
        super().__init__(f"the server answered {status} instead of upgrading")
        self.status = status
        self.retry_after_s = retry_after_s


class Listener(Protocol):
    """Who listens to a stream."""

    def take(self, message: m.ServerMessage, now_s: float) -> None:
        """Take a message of the stream, read at `now_s` by the monotonic clock."""

    def lose(self, reason: str) -> None:
        """Learn that nothing will come any more."""


class LoadConnection(asyncio.Protocol):
    """One WebSocket, many streams. Made by `connect`."""

    def __init__(self, url: str, counters: Counters) -> None:
        self._socket = ClientProtocol(
            parse_uri(url), subprotocols=[Subprotocol(m.SUBPROTOCOL)], max_size=None
        )
        self._core: Connection[m.ServerMessage, m.ClientMessage] = Connection(Role.CLIENT)
        self._counters = counters
        self._listeners: dict[int, Listener] = {}
        self._last_stream = 0
        self._transport: asyncio.Transport | None = None
        self._reason = ""
        self.ready: asyncio.Future[m.Ready] = asyncio.get_running_loop().create_future()

    @property
    def is_lost(self) -> bool:
        """Whether nothing can be sent any more."""
        return self._transport is None or self._socket.state is not OPEN

    def listen(self, listener: Listener) -> int:
        """Return the id of the next stream, whose messages go to `listener`."""
        self._last_stream += 1
        self._listeners[self._last_stream] = listener
        return self._last_stream

    def send(self, *messages: m.ClientMessage) -> None:
        """Send; on a lost connection nothing happens, as its listeners learn."""
        if not self.is_lost:
            for message in messages:
                self._socket.send_binary(self._core.send(message))
            self._flush()

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
        self._counters.bytes_received += len(data)
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

    def pause_writing(self) -> None:
        """Give up on a server that reads none of the few bytes that a client sends."""
        self._fail("the server does not read")

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell every stream."""
        self._transport = None
        reason = self._reason or str(exc or "the server closed the connection")
        if not self.ready.done():
            self.ready.set_exception(ConnectionError(reason))
        for listener in list(self._listeners.values()):
            listener.lose(reason)

    def _take_response(self, response: Response) -> None:
        error = self._socket.handshake_exc
        if isinstance(error, InvalidStatus):
            retry_after = response.headers.get("Retry-After", "")
            seconds = float(retry_after) if retry_after.isdigit() else None
            self.ready.set_exception(Refused(response.status_code, seconds))
        elif error is not None:
            self._fail(str(error))

    def _take_frame(self, frame: Frame, now_s: float) -> None:
        if frame.opcode is Opcode.CLOSE:
            self._reason = self._reason or f"the server closed with {self._socket.close_code}"
        if frame.opcode not in (Opcode.BINARY, Opcode.TEXT, Opcode.CONT):
            return
        if frame.opcode is not Opcode.BINARY or not frame.fin:
            self._fail("a message is one binary frame")
            return
        self._counters.messages_received += 1
        try:
            messages = self._core.receive(bytes(frame.data))
        except RemoteProtocolError as error:
            self._counters.protocol_faults += 1
            self._fail(f"the server broke the protocol: {error}")
            return
        self._counters.late_messages += not messages
        for message in messages:
            self._hand_out(message, now_s)

    def _hand_out(self, message: m.ServerMessage, now_s: float) -> None:
        if isinstance(message, m.Ready):
            self.ready.set_result(message)
            return
        stream: int | None = getattr(message, "stream", None)
        if stream is None:
            if isinstance(message, m.Error):
                self._fail(f"{message.code.value}: {message.message}")
            return
        if isinstance(message, m.Done | m.Cancelled | m.Error):
            listener = self._listeners.pop(stream, None)
        else:
            listener = self._listeners.get(stream)
        if listener is not None:
            listener.take(message, now_s)

    def _fail(self, reason: str) -> None:
        self._reason = reason
        self.close()

    def _flush(self) -> None:
        if self._transport is not None:
            data: Sequence[bytes] = self._socket.data_to_send()
            # An empty piece asks to close; the server closes its side itself.
            self._transport.write(b"".join(data))


async def connect(url: str, counters: Counters) -> LoadConnection:
    """Connect, and wait for `ready`.

    Raises:
        Refused: the server answered something else than an upgrade.
        OSError: there is no server, or it went away.
        TimeoutError: it did not answer.
    """
    uri = parse_uri(url)
    async with asyncio.timeout(CONNECT_TIMEOUT_S):
        _, connection = await asyncio.get_running_loop().create_connection(
            lambda: LoadConnection(url, counters),
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
