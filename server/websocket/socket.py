"""An ASGI WebSocket whose `send` tells the truth."""

from contextlib import suppress

import anyio
from anyio.lowlevel import checkpoint
from starlette.types import Message, Receive, Send

from server.transport.listener import USER_TIMEOUT_S

#: As the kernel does with what is not acknowledged, in the same time: it has no reader.
SEND_TIMEOUT_S = USER_TIMEOUT_S
#: Who plays what it reads closes once it has played all: as long as anybody may take nothing.
LINGER_S = USER_TIMEOUT_S
#: A closing handshake with a peer that is still there takes one round trip.
CLOSE_TIMEOUT_S = 1.0
#: Messages that may go out before others have their turn: a fraction of a millisecond's work.
MESSAGES_A_TURN = 8


class Disconnected(Exception):
    """The peer is gone."""


class Socket:
    """Wraps `receive` and `send` of one connection.

    The server below swallows what is sent after a close and never yields while doing so; here a
    send after a known disconnect raises, and sends yield to others now and then.
    """

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._gone = False
        self._has_closed = False
        self._is_sending = False
        self._num_sent = 0
        self._in_a_row = 0
        self._seen = 0
        self._seen_s = 0.0
        self._heard_by_s = float("-inf")

    def is_stuck(self, now_s: float) -> bool:
        """Tell whether one send has lasted for `SEND_TIMEOUT_S`; to be asked every few seconds.

        A timer for each message would cost as much as the message.
        """
        if not self._is_sending or self._num_sent != self._seen:
            self._seen, self._seen_s = self._num_sent, now_s
        return self._is_sending and now_s - self._seen_s >= SEND_TIMEOUT_S

    def give_up(self) -> None:
        """Take the peer for gone."""
        self._gone = True

    def begin_turn(self) -> None:
        """Take note that whoever sends has waited, so others had their turn."""
        self._in_a_row = 0

    async def receive(self) -> bytes | str:
        """Return the next message.

        Raises:
            Disconnected: the peer is gone.
        """
        message: Message = await self._receive()
        if message["type"] == "websocket.disconnect":
            self._gone = True
            raise Disconnected
        data: bytes | None = message.get("bytes")
        text: str | None = message.get("text")
        return data if data is not None else text or ""

    async def accept(self, subprotocol: str | None) -> None:
        """Complete the handshake, with a subprotocol or without one."""
        await self._receive()  # websocket.connect, always the first
        await self._send({"type": "websocket.accept", "subprotocol": subprotocol, "headers": []})

    async def send(self, data: bytes) -> None:
        """Send a binary message.

        Raises:
            Disconnected: the peer is gone.
        """
        if self._gone:
            raise Disconnected
        self._is_sending = True
        try:
            await self._send({"type": "websocket.send", "bytes": data})
        finally:
            self._is_sending = False
        self._num_sent += 1
        self._in_a_row += 1
        if self._in_a_row == MESSAGES_A_TURN:
            self._in_a_row = 0
            await checkpoint()

    async def close(self, code: int) -> None:
        """Close the connection, if it is still there."""
        if not self._gone:
            self._gone = True
            await self._send({"type": "websocket.close", "code": code})
            self._has_closed = True

    def wait_for_listener(self, spoken_s: float) -> None:
        """Let a peer that plays what it reads take the rest as late as `linger` has it."""
        self._heard_by_s = spoken_s + LINGER_S

    def closing(self, *, shield: bool = False) -> anyio.CancelScope:
        """Return a scope for the end, with time for the peer to take all that it was sent."""
        deadline = max(anyio.current_time() + CLOSE_TIMEOUT_S, self._heard_by_s)
        return anyio.CancelScope(deadline=deadline, shield=shield)

    async def linger(self, spoken_s: float) -> None:
        """Wait until the peer has closed, too, and take what still comes.

        It has until `LINGER_S` after `spoken_s`, when all was said.

        A peer that plays what it reads still sends credit. A connection that is gone would answer
        that by a reset, and what the peer has not read yet would be lost.
        """
        with anyio.CancelScope(deadline=spoken_s + LINGER_S), suppress(Disconnected):
            while self._has_closed:
                await self.receive()
