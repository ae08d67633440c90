"""A client of `voxline.v1` for asyncio, trio and threads. `import protocol` leaves it alone."""

from .connecting import connect
from .connection import ClientConnection
from .errors import (
    ClientError,
    ConnectFailed,
    ConnectionLost,
    StreamBusy,
    StreamError,
    StreamLeft,
)
from .options import StreamOptions
from .stream import Event, Stream
from .sync import SyncConnection, connect_sync

__all__ = [
    "ClientConnection",
    "ClientError",
    "ConnectFailed",
    "ConnectionLost",
    "Event",
    "Stream",
    "StreamBusy",
    "StreamError",
    "StreamLeft",
    "StreamOptions",
    "SyncConnection",
    "connect",
    "connect_sync",
]
