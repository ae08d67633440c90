# ruff: noqa: TID252 - the same files are installed under another name
"""One stream: text goes in, events come out, and credit follows what is played."""

from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Protocol, SupportsIndex, TypeAlias

import anyio

from ..encodings import BYTES_PER_SAMPLE
from ..messages import (
    Audio,
    Blocked,
    Cancel,
    Cancelled,
    ClientMessage,
    Done,
    End,
    Error,
    Flush,
    Flushed,
    Mark,
    MessageId,
    Open,
    Opened,
    ServerMessage,
    Text,
)
from .counting import sample_count
from .errors import ClientError, ConnectionLost, StreamBusy, StreamError, StreamLeft
from .playback import Playback, heard_chars

#: What iterating over a stream yields.
Event: TypeAlias = Audio | Mark | Flushed | Blocked
#: How a stream may end: as the server says, or without its answer.
Ending: TypeAlias = Done | Cancelled | Error | ConnectionLost | StreamLeft

#: More than twice the characters of the longest text: a word and a segment mark for each, and room
#: for audio. Credit bounds the audio; this bounds what a faulty server sends besides.
MAX_WAITING_EVENTS = 1 << 16
#: `cancelled` is answered at once; a longer wait would hold up who leaves.
LEAVE_TIMEOUT_S = 2.0


class Transmit(Protocol):
    """Send a message, or raise `ConnectionLost`."""

    def __call__(self, message: ClientMessage, /) -> Awaitable[None]:
        """Send `message`."""
        ...


class Stream:
    """A stream, made by `ClientConnection.stream`. Iterate over it for its events.

    Its methods raise `StreamError` once the server has ended it with an error, and `ConnectionLost`
    once the connection is gone. One task iterates; any others may send and cancel. Left by its
    owner, it has ended for all of them.
    """

    def __init__(
        self, opening: Open, window: int, transmit: Transmit, wake: Callable[[], None]
    ) -> None:
        self._opening = opening
        self._window = window
        self._transmit = transmit
        self._wake = wake
        self._sender, self._receiver = anyio.create_memory_object_stream[Event](MAX_WAITING_EVENTS)
        self._marks: deque[Mark] = deque(maxlen=MAX_WAITING_EVENTS)
        self._opened: Opened | None = None
        self._playback: Playback | None = None
        self._answered = anyio.Event()
        self._ended = anyio.Event()
        self._end: Ending | None = None
        self._silent = False
        self._iterating = False

    @property
    def id(self) -> int:
        """The stream's number on the connection."""
        return self._opening.stream

    @property
    def opened(self) -> Opened | None:
        """The server's acceptance, `None` until it came; always there with the first event."""
        return self._opened

    @property
    def done(self) -> Done | None:
        """How the stream was completed, `None` unless it was."""
        return self._end if isinstance(self._end, Done) else None

    async def wait_opened(self) -> Opened:
        """Wait until the server has accepted the stream, which text need not wait for."""
        await self._answered.wait()
        if self._opened is None:
            raise self._failure()
        return self._opened

    async def send_text(self, text: str) -> None:
        """Append `text`, verbatim. After the stream's end this does nothing."""
        await self._send(Text(self.id, text))

    async def flush(self, id: MessageId | None = None) -> None:  # noqa: A002, the wire's word
        """Have everything spoken that was sent; `Flushed` with the same id follows its audio."""
        await self._send(Flush(self.id, id))

    async def end(self) -> None:
        """Say that no more text will come."""
        await self._send(End(self.id))

    async def cancel(self, played: SupportsIndex | None = None) -> Cancelled:
        """Fall silent: no event follows. `played` defaults to what the client believes was played.

        A stream that was complete already is answered here, from the marks that came: its listener
        may still have been seconds behind.

        Raises:
            LocalProtocolError: `played` is no count of samples; the stream goes on.
        """
        heard = self._played() if played is None else sample_count(played)
        if self._end is None:
            await self._transmit(Cancel(self.id, heard))
            await self._ended.wait()
        self.fall_silent()
        if isinstance(self._end, Cancelled):
            return self._end
        if isinstance(self._end, Done):
            samples = self._end.samples
            return Cancelled(self.id, samples, heard_chars(self._marks, samples, heard))
        raise self._failure()

    def fall_silent(self) -> None:
        """Yield no event any more: what waits is thrown away, and so is what is under way."""
        self._silent = True

    def report_played(self, samples: SupportsIndex) -> None:
        """Say how many samples were played; from now on this counts, and no clock does.

        Raises:
            LocalProtocolError: that is no count of samples, as a float is none.
        """
        played = sample_count(samples)
        if self._playback is not None:
            self._playback.report(played)
            self._wake()

    def __aiter__(self) -> "Stream":
        return self

    async def __anext__(self) -> Event:
        if self._iterating:
            raise StreamBusy("another task iterates over the stream")
        self._iterating = True
        try:
            event = await self._next_event()
        finally:
            self._iterating = False
        if event is not None:
            return self._deliver(event)
        if isinstance(self._end, Done | Cancelled):
            raise StopAsyncIteration
        raise self._failure()

    def take(self, message: ServerMessage) -> None:
        """Take a message of this stream from the reader, which never waits.

        Raises:
            ConnectionLost: the server sent more than it may.
        """
        match message:
            case Opened():
                self._opened = message
                clocked = self._opening.service_class == "call"
                self._playback = Playback(message.sample_rate, self._window, clocked=clocked)
                self._answered.set()
            case Audio() | Mark() | Flushed() | Blocked():
                self._keep(message)
            case Done() | Cancelled() | Error():
                self.finish(message)

    def finish(self, end: Ending) -> None:
        """End the stream; what waits is delivered first. Only the first end counts."""
        if self._end is None:
            self._end = end
            self._ended.set()
            self._answered.set()
            self._sender.close()

    def grant(self, now_s: float) -> tuple[int, int] | None:
        """Return the `upto` and `played` to send now, or `None`."""
        if self._playback is None or self._end is not None or self._silent:
            return None
        upto = self._playback.grant(now_s)
        return None if upto is None else (upto, self._playback.played(now_s))

    def grant_due_s(self) -> float:
        """Return when `grant` should be asked again, if nothing is delivered before."""
        if self._playback is None or self._end is not None or self._silent:
            return float("inf")
        return self._playback.due_s()

    async def leave(self) -> None:
        """Cancel the stream unless it has ended, and let go of what waits."""
        if self._end is None:
            with anyio.move_on_after(LEAVE_TIMEOUT_S, shield=True), suppress(ClientError):
                await self.cancel()
        # Nobody tells it of its end once it is left: whoever waits for that hears it here.
        self.finish(StreamLeft())
        self._receiver.close()

    async def _send(self, message: ClientMessage) -> None:
        if isinstance(self._end, Error | ClientError):
            raise self._failure()
        await self._transmit(message)

    async def _next_event(self) -> Event | None:
        # The receiver is at its end, or was closed by the stream's owner.
        with suppress(anyio.EndOfStream, anyio.ClosedResourceError):
            while True:
                event = await self._receiver.receive()
                if not self._silent:
                    return event
        await self._ended.wait()
        return None

    def _played(self) -> int:
        return self._playback.played(anyio.current_time()) if self._playback else 0

    def _keep(self, event: Event) -> None:
        if isinstance(event, Mark):
            self._marks.append(event)
        try:
            self._sender.send_nowait(event)
        except anyio.WouldBlock:
            reason = f"the server sent over {MAX_WAITING_EVENTS} events ahead of the listener"
            raise ConnectionLost(reason) from None

    def _deliver(self, event: Event) -> Event:
        if isinstance(event, Audio) and self._playback is not None:
            end = event.at + len(event.pcm) // BYTES_PER_SAMPLE[self._opening.encoding]
            self._playback.deliver(end, anyio.current_time())
            self._wake()
        return event

    def _failure(self) -> ClientError:
        if isinstance(self._end, Error):
            return StreamError.of(self._end)
        if isinstance(self._end, ConnectionLost):
            return self._end.again()
        if isinstance(self._end, StreamLeft):
            return StreamLeft()
        return ClientError("the stream was cancelled before it was opened")
