# ruff: noqa: TID252 - the same files are installed under another name
"""The client for programs without an event loop: it runs in a thread of its own."""

from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from ssl import SSLContext
from typing import Unpack

from anyio.from_thread import BlockingPortal, start_blocking_portal

from ..messages import Audio, Mark, Ready
from .connecting import connect
from .connection import ClientConnection
from .options import StreamOptions
from .stream import Event, Stream


class SyncConnection:
    """A connection, made by `connect_sync`."""

    def __init__(self, portal: BlockingPortal, connection: ClientConnection) -> None:
        self._portal = portal
        self._connection = connection

    @property
    def ready(self) -> Ready:
        """What the server said of itself: its model, sample rate in hertz, and limits."""
        return self._connection.ready

    def speak(
        self, text: str, **options: Unpack[StreamOptions]
    ) -> Generator[Audio | Mark, None, None]:
        """Speak `text`; yield its audio and its marks. Closing the iterator early cancels.

        Raises:
            StreamError: the server refused, or failed.
            ConnectionLost: the connection is gone.
        """
        opening = self._connection.stream(**options)
        with self._portal.wrap_async_context_manager(opening) as stream:
            self._portal.call(stream.send_text, text)
            self._portal.call(stream.end)
            while (event := self._portal.call(_next_event, stream)) is not None:
                if isinstance(event, Audio | Mark):
                    yield event


@contextmanager
def connect_sync(
    url: str, *, headers: Mapping[str, str] | None = None, ssl: SSLContext | None = None
) -> Iterator[SyncConnection]:
    """Connect as `connect` does, without an event loop of the caller's.

    Raises:
        ConnectFailed: there is no server, or it refused.
        ConnectionLost: the server went away before it was ready.
    """
    connecting = connect(url, headers=headers, ssl=ssl)
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(connecting) as connection,
    ):
        yield SyncConnection(portal, connection)


async def _next_event(stream: Stream) -> Event | None:
    # A StopAsyncIteration would not cross from thread to thread as one.
    return await anext(stream, None)
