# ruff: noqa: TID252 - the same files are installed under another name
"""The client for programs without an event loop: it runs in a thread of its own."""

from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator, Mapping
from contextlib import (
    AbstractAsyncContextManager,
    ExitStack,
    asynccontextmanager,
    contextmanager,
    suppress,
)
from ssl import SSLContext
from threading import get_ident
from typing import TypeAlias, TypeVar, TypeVarTuple, Unpack

import anyio
from anyio.from_thread import BlockingPortal, start_blocking_portal

from ..messages import Audio, Mark, Ready
from .connecting import connect
from .connection import CLOSED_BY_OWNER, ClientConnection
from .errors import ConnectionLost, StreamLeft
from .options import StreamOptions
from .stream import Event, Stream

_T = TypeVar("_T")
_Args = TypeVarTuple("_Args")
#: A stream to be left once, by whichever thread is first.
_Speech: TypeAlias = AbstractAsyncContextManager[Stream]


class SyncConnection:
    """A connection, made by `connect_sync` in its loop's thread. Any other may speak on it."""

    def __init__(self, portal: BlockingPortal, connection: ClientConnection) -> None:
        self._portal = portal
        self._connection = connection
        self._speeches: set[_Speech] = set()
        self._abandoned: deque[_Speech] = deque()
        self._found = anyio.Event()
        self._loop_thread = get_ident()
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
            if stream.done is None:
                # Cut short by `leave`: half a speech must not look like a whole one.
                raise ConnectionLost(CLOSED_BY_OWNER)
        finally:
            self._end(speech)

    def leave(self) -> None:
        """Cancel every speech, so that no iterator still held keeps the thread alive."""
        self._left = True
        for speech in tuple(self._speeches):
            self._end(speech)

    async def end_abandoned_forever(self) -> None:
        """End the speeches whose iterators were collected in the loop's own thread."""
        while True:
            self._found = anyio.Event()
            while self._abandoned:
                await self._abandoned.popleft().__aexit__(None, None, None)
            await self._found.wait()

    def _call(self, function: Callable[[Unpack[_Args]], Awaitable[_T]], *args: *_Args) -> _T:
        if self._left:
            raise ConnectionLost(CLOSED_BY_OWNER)
        return self._portal.call(function, *args)

    def _end(self, speech: _Speech) -> None:
        try:
            self._speeches.remove(speech)
        except KeyError:
            # Another thread, or `leave`, was first.
            return
        if get_ident() == self._loop_thread:
            # The garbage collector came by there, and that thread cannot wait for itself.
            self._abandoned.append(speech)
            self._found.set()
        else:
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
        connecting = portal.wrap_async_context_manager(_connected(portal, url, headers, ssl))
        connection = connecting.__enter__()
        # What the body raises is the caller's: the loop's thread would die of a SystemExit.
        stack.callback(connecting.__exit__, None, None, None)
        stack.callback(connection.leave)
        yield connection


@asynccontextmanager
async def _connected(
    portal: BlockingPortal, url: str, headers: Mapping[str, str] | None, ssl: SSLContext | None
) -> AsyncIterator[SyncConnection]:
    async with (
        connect(url, headers=headers, ssl=ssl) as connection,
        anyio.create_task_group() as tasks,
    ):
        connected = SyncConnection(portal, connection)
        tasks.start_soon(connected.end_abandoned_forever)
        yield connected
        tasks.cancel_scope.cancel()


async def _next_event(stream: Stream) -> Event | None:
    # A StopAsyncIteration would not cross from thread to thread as one.
    with suppress(StreamLeft):
        return await anext(stream, None)
    return None
