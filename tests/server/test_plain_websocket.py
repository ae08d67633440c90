"""What a WebSocket says by a shorter way is what its library would say."""

import pytest
from wsproto.connection import Connection, ConnectionType
from wsproto.events import BytesMessage

from server.transport.plain_websocket import binary_frame


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536, 1 << 20])
def test_a_binary_frame_is_the_library_s(size: int) -> None:
    data = bytes(range(256)) * (size // 256 + 1)
    library = Connection(ConnectionType.SERVER)
    assert binary_frame(data[:size]) == library.send(BytesMessage(data=data[:size]))
