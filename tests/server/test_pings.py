"""Pings keep the way to a client open, and not a moment longer."""

import anyio
import pytest
from hypercorn.config import Config
from hypercorn.protocol.events import Data, Event, StreamClosed
from wsproto import ConnectionType
from wsproto.connection import Connection

from server.transport.plain_websocket import PlainWebSocket

pytestmark = pytest.mark.anyio

INTERVAL_S = 20.0


async def test_pings_come_at_their_interval_and_end_with_the_connection() -> None:
    sent: list[Event] = []

    async def send(event: Event) -> None:
        sent.append(event)

    config = Config()
    config.websocket_ping_interval = INTERVAL_S
    stream = PlainWebSocket(None, config, None, None, False, None, None, send, 1)
    stream.connection = Connection(ConnectionType.SERVER)
    with anyio.fail_after(10 * INTERVAL_S):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(stream._send_pings)
            await anyio.sleep(2.5 * INTERVAL_S)
            assert [event.data for event in sent if isinstance(event, Data)] == 3 * [b"\x89\x00"]
            closed_s = anyio.current_time()
            await stream.handle(StreamClosed(stream_id=1))
        assert anyio.current_time() == pytest.approx(closed_s)
