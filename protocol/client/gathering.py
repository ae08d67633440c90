# ruff: noqa: TID252 - the same files are installed under another name
"""The frames below a client: what the library above would stumble over is taken out of them."""

from collections.abc import Generator

from wsproto.connection import Connection, ConnectionState, ConnectionType
from wsproto.events import CloseConnection, Event, Message, Ping

from ..codec import MAX_MESSAGE_BYTES
from ..errors import CloseCode


class BoundedFrames(Connection):
    """Frames of a WebSocket client, closed in place of the event that makes a message too large.

    Whoever gathers the fragments so holds one message at most, however many a server sends. A ping
    that crosses our close is left out: no answer may follow, and to try would be an error.
    """

    def __init__(self) -> None:
        super().__init__(ConnectionType.CLIENT)
        self._gathered = 0

    def events(self) -> Generator[Event, None, None]:
        """Yield the events of the frames that came, the last of them at most once too large."""
        for event in super().events():
            if isinstance(event, Message):
                self._gathered += len(event.data)
                if self._gathered > MAX_MESSAGE_BYTES:
                    # The count stays, so nothing after it passes either.
                    reason = f"the server sent over {MAX_MESSAGE_BYTES} bytes in one message"
                    yield CloseConnection(CloseCode.TOO_BIG, reason)
                    return
                if event.message_finished:
                    self._gathered = 0
            if not isinstance(event, Ping) or self.state is ConnectionState.OPEN:
                yield event
