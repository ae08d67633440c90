# ruff: noqa: TID252 - the same files are installed under another name
"""The client for programs without an event loop: it runs in a thread of its own."""

from collections.abc import Awaitable, Callable, Generator, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, ExitStack, contextmanager
from ssl import SSLContext
from typing import TypeVar, TypeVarTuple, Unpack

from anyio.from_thread import BlockingPortal, start_blocking_portal

from ..messages import Audio, Mark, Ready
from .connecting import connect
from .connection import CLOSED_BY_OWNER, ClientConnection
from .errors import ConnectionLost
from .options import StreamOptions
from .stream import Event, Stream

_T = TypeVar("_T")
_Args = TypeVarTuple("_Args")


class SyncConnection:
    """A connection, made by `connect_sync`. Any thread may speak on it."""

    def __init__(self, portal: BlockingPortal, connection: ClientConnection) -> None:
        self._portal = portal
        self._connection = connection
        self._speeches: set[AbstractAsyncContextManager[Stream]] = set()
        self._left = False

    @property
    def ready(self) -> Ready:
        """What the server said of itself: its model, sample rate in hertz, and limits."""
        return self._connection.ready

    def speak(
        self, text: str, **options: Unpack[StreamOptions]
    ) -> Generator[Audio | Mark, None, None]:
        """Speak `text`; yield its audio and its marks. Closing the iterator early cancels.

        An iterator that outlives the connection is cancelled with it, and raises `ConnectionLost`.

        Raises:
            StreamError: the server refused, or failed.
            ConnectionLost: the connection is gone.
        """
        speech = self._connection.stream(**options)
        stream = self._call(speech.__aenter__)
        self._speeches.add(speech)
        try:
            self._call(stream.send_text, text)
            self._call(stream.end)
            while (event := self._call(_next_event, stream)) is not None:
                if isinstance(event, Audio | Mark):
                    yield event
        finally:
            self._end(speech)

    def leave(self) -> None:
        """Cancel every speech, so that no iterator still held keeps the thread alive."""
        self._left = True
        for speech in tuple(self._speeches):
            self._end(speech)

    def _call(self, function: Callable[[Unpack[_Args]], Awaitable[_T]], *args: *_Args) -> _T:
        if self._left:
            raise ConnectionLost(CLOSED_BY_OWNER)
        return self._portal.call(function, *args)

    def _end(self, speech: AbstractAsyncContextManager[Stream]) -> None:
        try:
            self._speeches.remove(speech)
        except KeyError:
            # Another thread, or `leave`, was first.
            return
        self._portal.call(speech.__aexit__, None, None, None)


@contextmanager
def connect_sync(
    url: str, *, headers: Mapping[str, str] | None = None, ssl: SSLContext | None = None
) -> Iterator[SyncConnection]:
    """Connect as `connect` does, without an event loop of the caller's.

    Raises:
        ConnectFailed: there is no server, or it refused.
        ConnectionLost: the server went away before it was ready.
    """
    with start_blocking_portal() as portal, ExitStack() as stack:
        connecting = portal.wrap_async_context_manager(connect(url, headers=headers, ssl=ssl))
        connection = SyncConnection(portal, connecting.__enter__())
        # What the body raises is the caller's: the loop's thread would die of a SystemExit.
        stack.callback(connecting.__exit__, None, None, None)
        stack.callback(connection.leave)
        yield connection


async def _next_event(stream: Stream) -> Event | None:
    # A StopAsyncIteration would not cross from thread to thread as one.
    return await anext(stream, None)
