"""What a WebSocket says by a shorter way is what its library would say."""

import pytest
from hypercorn.config import Config
from hypercorn.protocol.events import Data, Event
from hypercorn.protocol.ws_stream import ASGIWebsocketState
from hypercorn.typing import WebsocketSendEvent
from wsproto.connection import Connection, ConnectionType
from wsproto.events import BytesMessage, CloseConnection

from server.transport.plain_websocket import PlainWebSocket, binary_frame

SAID: WebsocketSendEvent = {"type": "websocket.send", "bytes": b"said", "text": None}


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536, 1 << 20])
def test_a_binary_frame_is_the_library_s(size: int) -> None:
    data = bytes(range(256)) * (size // 256 + 1)
    library = Connection(ConnectionType.SERVER)
    assert binary_frame(data[:size]) == library.send(BytesMessage(data=data[:size]))


@pytest.mark.anyio
async def test_nothing_is_said_to_a_peer_that_has_closed() -> None:
    sent: list[Event] = []

    async def send(event: Event) -> None:
        sent.append(event)

    stream = PlainWebSocket(None, Config(), None, None, False, None, None, send, 1)
    stream.connection, stream.state = (
        Connection(ConnectionType.SERVER),
        ASGIWebsocketState.CONNECTED,
    )
    await stream.app_send(SAID)
    assert sent == [Data(1, binary_frame(b"said"))]
    closing = Connection(ConnectionType.CLIENT).send(CloseConnection(1000))
    stream.connection.receive_data(closing)
    assert list(stream.connection.events()) == [CloseConnection(1000, "")]
    await stream.app_send(SAID)
    assert len(sent) == 1
