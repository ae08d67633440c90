# ruff: noqa: TID252 - the same files are installed under another name
"""A text spoken while it is written, over as many connections as it takes."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TypeAlias

import anyio

from ..client import ClientError, ConnectionLost, Stream, StreamError, StreamOptions
from ..client.playback import heard_chars
from ..codes import ErrorCode
from ..encodings import BYTES_PER_SAMPLE
from ..errors import LocalProtocolError
from ..messages import Audio, Mark
from .link import Link
from .splitting import stream_end

#: The server says so of streams that another connection would take.
_MOVED = frozenset({ErrorCode.DRAINING, ErrorCode.ENGINE_FAILED})

Take: TypeAlias = Callable[[Audio | Mark], Awaitable[None]]


class Speech:
    """One utterance. Its samples and characters are counted over all of its streams.

    Where a connection is lost, the next one speaks the rest, from the beginning of the word that
    was cut. A text that is longer than the server lets a stream be goes on in the next stream.
    """

    def __init__(self, link: Link, options: StreamOptions, window_s: float) -> None:
        self._link = link
        self._options = options
        self._window_s = window_s
        self._stream: Stream | None = None
        self._scope = anyio.CancelScope()
        self._grown = anyio.Event()
        self._flush_at = 0
        self._is_ended = False
        self._first_char = 0
        self._first_sample = 0
        self._written = 0
        self._marks: list[Mark] = []
        self.text = ""
        self.samples = 0
        self.is_over = False
        self._is_whole = False

    def say(self, text: str, *, flush: bool = False) -> None:
        """Append `text`, verbatim; `flush`: speak all that is there."""
        self.text += text
        if flush:
            self._flush_at = len(self.text)
        self._grown.set()

    def end(self) -> None:
        """Say that no more text will come."""
        self._is_ended = True
        self._grown.set()

    def report_played(self, samples: int) -> None:
        """Say how many samples were played, from which credit follows."""
        if self._stream is not None:
            self._stream.report_played(max(0, samples - self._first_sample))

    def heard(self, played: int) -> int:
        """Return how many characters were wholly heard in `played` samples."""
        if self._is_whole and played >= self.samples:
            return 0 if self.is_silent else len(self.text)
        # Of what may go on, nobody knows whether the last word is over.
        return heard_chars(self._marks, self.samples + (not self._is_whole), played)

    @property
    def is_silent(self) -> bool:
        """Whether all was spoken without a sound, as an ellipsis is."""
        return self._is_whole and not self.samples

    async def run(self, take: Take) -> None:
        """Speak, and hand audio and marks to `take`, until all was spoken or it was cancelled.

        Raises:
            ConnectFailed: there is no connection, and will be none.
            StreamError: the server refused, or failed.
            LocalProtocolError: an option or the text is not what the server takes.
        """
        try:
            with self._scope:
                while not await self._speak_rest(take):
                    pass
        finally:
            self.is_over = True

    async def cancel(self, played: int) -> int:
        """Fall silent at once; return how many characters were heard in `played` samples."""
        heard = self.heard(played)
        stream, in_stream = self._stream, played - self._first_sample
        if not self.is_over and stream is not None and stream.done is None and in_stream >= 0:
            with suppress(ClientError):
                cancelled = await stream.cancel(in_stream)
                heard = max(heard, self._first_char + (cancelled.heard or 0))
        self._scope.cancel()
        return heard

    async def _speak_rest(self, take: Take) -> bool:
        connection = await self._link.connection()
        try:
            async with connection.stream(window_s=self._window_s, **self._options) as stream:
                self._stream = stream
                await self._speak_on(stream, take, connection.ready.limits.max_text_chars)
        except ConnectionLost:
            self._go_back_to_word()
            return False
        except StreamError as error:
            if error.code not in _MOVED:
                raise
            self._go_back_to_word()
            # The link learns of the drain by the same way, a moment before or after.
            return False
        return not self._goes_on(stream)

    def _goes_on(self, stream: Stream) -> bool:
        """Turn to the next stream if this one has said all that it was given, and there is more."""
        is_spoken = stream.done is not None and stream.done.reason == "end"
        self._is_whole = is_spoken and self._is_ended and self._written == len(self.text)
        if self._is_whole or not is_spoken:
            return False
        self._stream = None
        self._first_char, self._first_sample = self._written, self.samples
        return True

    async def _speak_on(self, stream: Stream, take: Take, max_chars: int) -> None:
        failures: list[Exception] = []
        async with anyio.create_task_group() as tasks:
            attempt = partial(_attempt, failures, tasks.cancel_scope)
            tasks.start_soon(attempt, partial(self._write, stream, max_chars))
            await attempt(partial(self._listen, stream, take))
            # Where the model had to stop early, nobody takes what is still to be written.
            tasks.cancel_scope.cancel()
        if failures:
            raise failures[0]

    async def _listen(self, stream: Stream, take: Take) -> None:
        async for event in stream:
            if isinstance(event, Audio | Mark):
                await take(self._count(event))

    async def _write(self, stream: Stream, max_chars: int) -> None:
        self._written = flushed = self._first_char
        while not (self._is_ended and self._written == len(self.text)):
            self._grown = anyio.Event()
            end = stream_end(self.text, self._first_char, max_chars)
            if rest := self.text[self._written : end]:
                self._written += len(rest)
                await stream.send_text(rest)
            elif end is not None:
                break
            elif self._flush_at > flushed:
                flushed = self._written
                await stream.flush()
            else:
                await self._grown.wait()
        await stream.end()

    def _count(self, event: Audio | Mark) -> Audio | Mark:
        at = self._first_sample + event.at
        if isinstance(event, Audio):
            encoding = self._options.get("encoding", "pcm16")
            self.samples = at + len(event.pcm) // BYTES_PER_SAMPLE[encoding]
            return replace(event, at=at)
        begin = self._first_char
        mark = replace(event, at=at, start=begin + event.start, end=begin + event.end)
        self._marks.append(mark)
        return mark

    def _go_back_to_word(self) -> None:
        self._stream = None
        # Of the last word it is not known whether all of it came.
        whole = heard_chars(self._marks, self.samples + 1, self.samples)
        self._first_char = max(self._first_char, whole)
        self._first_sample = self.samples
        self._marks = [mark for mark in self._marks if mark.end <= self._first_char]


async def _attempt(
    failures: list[Exception], scope: anyio.CancelScope, work: Callable[[], Awaitable[None]]
) -> None:
    """Do `work`; put what it raises into `failures`, and cancel what goes on beside it."""
    # A task group would wrap it; whoever speaks expects it as it was raised.
    try:
        await work()
    except (ClientError, LocalProtocolError) as error:
        failures.append(error)
        scope.cancel()
