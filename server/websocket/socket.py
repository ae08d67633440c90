"""An ASGI WebSocket whose `send` tells the truth."""

import anyio
from anyio.lowlevel import checkpoint
from starlette.types import Message, Receive, Send

#: Longer than the longest stall the credit rules allow: a send that takes longer has no reader.
SEND_TIMEOUT_S = 20.0


class Disconnected(Exception):
    """The peer is gone."""


class Socket:
    """Wraps `receive` and `send` of one connection.

    The server below swallows what is sent after a close and never yields while doing so; here a
    send after a known disconnect raises, every send yields, and none takes for ever.
    """

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._gone = False

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

    async def accept(self, subprotocol: str) -> None:
        """Complete the handshake."""
        await self._receive()  # websocket.connect, always the first
        await self._send({"type": "websocket.accept", "subprotocol": subprotocol, "headers": []})

    async def send(self, data: bytes) -> None:
        """Send a binary message.

        Raises:
            Disconnected: the peer is gone, or takes nothing any more.
        """
        await self._transmit({"type": "websocket.send", "bytes": data})

    async def close(self, code: int) -> None:
        """Close the connection, if it is still there."""
        if not self._gone:
            await self._transmit({"type": "websocket.close", "code": code})
            self._gone = True

    async def _transmit(self, message: Message) -> None:
        if self._gone:
            raise Disconnected
        with anyio.move_on_after(SEND_TIMEOUT_S) as scope:
            await self._send(message)
        if scope.cancelled_caught:
            self._gone = True
            raise Disconnected
        # After the send: a cancelled writer must not lose the message it has taken to send.
        await checkpoint()
