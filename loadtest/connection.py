"""A connection of `voxline.v1`: `protocol` judges the messages, and streams have their listeners.

A server that breaks the protocol loses the connection, and is reported.
"""

from typing import Protocol

from websockets.frames import Frame, Opcode

from loadtest.counters import Counters
from loadtest.light_websocket import WebSocket, dial
from protocol import messages as m
from protocol.connection import Connection, Role
from protocol.errors import RemoteProtocolError


class Listener(Protocol):
    """Who listens to a stream."""

    def take(self, message: m.ServerMessage, now_s: float) -> None:
        """Take a message of the stream, read at `now_s` by the monotonic clock."""

    def lose(self, reason: str) -> None:
        """Learn that nothing will come any more."""


class LoadConnection(WebSocket[m.Ready]):
    """One WebSocket, many streams. Made by `connect`."""

    def __init__(self, url: str, counters: Counters) -> None:
        super().__init__(url, m.SUBPROTOCOL)
        self._core: Connection[m.ServerMessage, m.ClientMessage] = Connection(Role.CLIENT)
        self._counters = counters
        self._listeners: dict[int, Listener] = {}
        self._last_stream = 0

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

    def data_received(self, data: bytes) -> None:
        """Read what came."""
        self._counters.bytes_received += len(data)
        super().data_received(data)

    def pause_writing(self) -> None:
        """Give up on a server that reads none of the few bytes that a client sends."""
        self._fail("the server does not read")

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell every stream."""
        super().connection_lost(exc)
        for listener in list(self._listeners.values()):
            listener.lose(self._reason)

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


async def connect(url: str, counters: Counters) -> LoadConnection:
    """Connect, and wait for `ready`.

    Raises:
        Refused: the server answered something else than an upgrade.
        OSError: there is no server, or it went away.
        TimeoutError: it did not answer.
    """
    return await dial(url, lambda: LoadConnection(url, counters))
