"""A WebSocket of hypercorn's without extensions, quick at what there is most of."""

import struct
from dataclasses import replace
from typing import Any

import anyio
from hypercorn.protocol.events import Body, Data, Event, Request, StreamClosed
from hypercorn.protocol.ws_stream import ASGIWebsocketState, WebsocketBuffer, WSStream
from hypercorn.typing import ASGISendEvent
from wsproto.connection import ConnectionState
from wsproto.events import Message, Ping

_BAD_REQUEST = 400
_FINAL_BINARY = 0x82
#: What stands in place of a length that two or eight more bytes hold.
_IN_TWO_BYTES, _IN_EIGHT_BYTES = 126, 127
_SHORT = struct.Struct("!BB")
_MIDDLE = struct.Struct("!BBH")
_LONG = struct.Struct("!BBQ")


class CappedBuffer(WebsocketBuffer):
    """Keeps one byte more than its limit and drops the rest, so that the protocol refuses it.

    Hypercorn's own closes the connection and then never sees that the peer has closed it too.
    """

    def extend(self, event: Message[Any]) -> None:
        """Take a part of a message."""
        room = self.max_length - self.length
        if len(event.data) > room:
            event = replace(event, data=event.data[:room])
        super().extend(event)


class PlainWebSocket(WSStream):
    """Declines every extension, and ends its pings with the connection.

    Inflating permessage-deflate makes hundreds of megabytes of a small frame before any limit is
    looked at, and deflating PCM costs forty times the sending, for two per cent.
    """

    def __init__(self, *args: Any) -> None:  # noqa: ANN401 hypercorn's own, passed on
        super().__init__(*args)
        self.buffer = CappedBuffer(self.config.websocket_max_message_size + 1)
        self._ended = anyio.Event()

    async def handle(self, event: Event) -> None:
        """Take an event of the connection."""
        if isinstance(event, Request):
            plain = [h for h in event.headers if h[0].lower() != b"sec-websocket-extensions"]
            event = replace(event, headers=plain)
        elif isinstance(event, StreamClosed):
            self._ended.set()
        elif isinstance(event, Body | Data) and not self.handshake.accepted:
            await self._refuse_early_data()
            return
        await super().handle(event)

    async def app_send(self, message: ASGISendEvent | None) -> None:
        """Send what the application says."""
        data = None
        if message is not None and message["type"] == "websocket.send":
            data = message.get("bytes")
        if data is None or not self._is_open:
            await super().app_send(message)
        else:
            await self.send(Data(self.stream_id, binary_frame(data)))

    @property
    def _is_open(self) -> bool:
        is_accepted = self.state is ASGIWebsocketState.CONNECTED and not self.closed
        return is_accepted and self.connection.state is ConnectionState.OPEN

    async def _refuse_early_data(self) -> None:
        """Close on a peer that does not wait for the answer to its handshake.

        Hypercorn answers it too, but forgets to close, and then never hears that it has left.
        """
        if self.state is ASGIWebsocketState.HANDSHAKE and not self.closed:
            await self._send_error_response(_BAD_REQUEST)
            self.closed = True
            await self.send(StreamClosed(stream_id=self.stream_id))

    async def _send_pings(self) -> None:
        while not self._ended.is_set():
            await self._send_wsproto_event(Ping())
            with anyio.move_on_after(self.config.websocket_ping_interval):
                await self._ended.wait()


def binary_frame(data: bytes) -> bytes:
    """Return a binary message of a server in one frame, as RFC 6455, 5.2 has it.

    As wsproto does, at a tenth of the price: this is most of what a server says.
    """
    if len(data) < _IN_TWO_BYTES:
        return _SHORT.pack(_FINAL_BINARY, len(data)) + data
    if len(data) < 1 << 16:
        return _MIDDLE.pack(_FINAL_BINARY, _IN_TWO_BYTES, len(data)) + data
    return _LONG.pack(_FINAL_BINARY, _IN_EIGHT_BYTES, len(data)) + data
