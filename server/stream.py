"""One utterance on its way out: from the engine's chunks to pieces of audio within the credit.

Every face of the server, socket or HTTP, pulls its audio from a `Stream`. All counts are samples at
the stream's own rate. Lives on the event loop; nothing here waits.
"""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

import numpy as np
from anyio import to_thread

from engine.outputs import (
    Chunk,
    Failed,
    Finished,
    FinishReason,
    Flushed,
    Mark,
    MarkUnit,
    Output,
)
from engine.steps import Pcm
from protocol.codes import ErrorCode
from server.heard import Heard
from server.parameters import Speech
from server.service import Service

#: No message carries more than a fifth of a second: an interruption should not wait behind more.
PIECES_PER_S = 5


@dataclass(frozen=True, slots=True, eq=False)
class AudioPiece:
    """Samples `at..at+len(pcm)-1`, int16."""

    at: int
    pcm: Pcm


@dataclass(frozen=True, slots=True)
class MarkReached:
    """The characters `start:end` are spoken from sample `at`, which is sent next or later."""

    at: int
    start: int
    end: int
    unit: MarkUnit


@dataclass(frozen=True, slots=True)
class FlushReached:
    """All audio before the flush `token` was sent."""

    token: int
    at: int


@dataclass(frozen=True, slots=True)
class CreditUsedUp:
    """Generation waits for credit. Said once per stall."""

    at: int


@dataclass(frozen=True, slots=True)
class StreamDone:
    """All audio was sent."""

    samples: int
    reason: FinishReason


@dataclass(frozen=True, slots=True)
class StreamFailed:
    """The engine lost this utterance."""

    code: ErrorCode
    message: str


StreamEvent: TypeAlias = (
    AudioPiece | MarkReached | FlushReached | CreditUsedUp | StreamDone | StreamFailed
)
_Queued: TypeAlias = Pcm | MarkReached | FlushReached | StreamDone | StreamFailed


class Stream:
    """An open utterance. `wake` is called when there may be something to take."""

    def __init__(
        self,
        service: Service,
        speech: Speech,
        credit: int,
        request_id: str,
        wake: Callable[[], None],
    ) -> None:
        """Open the utterance.

        Raises:
            RequestError: `overloaded`, or `engine_failed`.
        """
        self.sample_rate_hz = speech.sample_rate_hz
        self.sent = 0
        self.blocked = False
        self._granted = credit
        self._played: int | None = None
        self._wake = wake
        self._engine = service.engine
        self._path = speech.audio_path()
        self._model_samples_per_sample = (
            speech.model_rate_hz * speech.stretch / speech.sample_rate_hz
        )
        self._max_piece = speech.sample_rate_hz // PIECES_PER_S
        self._inbox: deque[Output] = deque()
        self._queue: deque[_Queued] = deque()
        self._engine_waits = False
        self._cancelled = False
        self._heard = Heard()
        self._segment_text_end = 0
        self._utterance = service.engine.open(
            speech.request, self._path.demand(credit), self._receive
        )
        self._record = service.record(speech, request_id)

    def append(self, text: str) -> None:
        """Append text, verbatim."""
        self._record.text(len(text))
        self._utterance.append(text)

    def flush(self, token: int) -> None:
        """Speak what is buffered now; `FlushReached` follows its last sample."""
        self._utterance.flush(token)

    def end(self) -> None:
        """Say that no more text will come."""
        self._utterance.end()

    def cancel(self, outcome: str, played: int | None = None) -> None:
        """Forget it all: nothing more can be taken. `outcome` says why, for the record."""
        self._played = self._played if played is None else played
        unplayed = 0 if self._played is None else max(self.sent - self._played, 0)
        self._record.cancelled(self._num_unsent, unplayed)
        self._record.end(outcome)
        self._utterance.cancel()
        self._cancelled = True
        # Whoever wakes for this stream holds it, too.
        self._wake = _nobody
        self._inbox.clear()
        self._queue.clear()

    def grant(self, upto: int, played: int | None = None) -> None:
        """Allow samples up to `upto`; a smaller one changes nothing."""
        if upto > self._granted:
            self._granted = upto
            self.blocked = self._engine_waits = False
            self._record.resumed()
        model_played = None
        if played is not None:
            self._played = played
            model_played = round(played * self._model_samples_per_sample)
        self._utterance.grant(self._path.demand(self._granted), model_played)
        self._wake()

    def heard(self, played: int) -> int:
        """Return the number of characters heard once `played` samples were played."""
        return self._heard.upto(min(played, self.sent))

    async def convert(self) -> None:
        """Turn what the engine has delivered into what can be taken."""
        while self._inbox:
            output = self._inbox.popleft()
            if isinstance(output, Chunk):
                await self._convert_chunk(output)
            else:
                self._accept(output)

    def take(self) -> Iterator[StreamEvent]:
        """Yield what may be sent now, in order; it counts as sent once yielded."""
        while self._queue:
            event = self._next()
            if event is None:
                yield from self._stalled()
                return
            if isinstance(event, StreamDone):
                self._record.end("ok")
            yield event
        if self._engine_waits and self.sent >= self._granted:
            yield from self._stalled()

    @property
    def _num_unsent(self) -> int:
        waiting = sum(len(output.pcm) for output in self._inbox if isinstance(output, Chunk))
        return self._path.produced - self.sent + round(waiting / self._model_samples_per_sample)

    def _failed(self, message: str) -> StreamFailed:
        code = ErrorCode.ENGINE_FAILED if self._engine.failed else ErrorCode.INTERNAL
        self._record.end(code.value)
        return StreamFailed(code, message)

    def _receive(self, output: Output) -> None:
        self._inbox.append(output)
        self._wake()

    async def _convert_chunk(self, chunk: Chunk) -> None:
        feed = partial(self._path.feed, chunk.pcm, segment_end=chunk.segment_end)
        samples = await to_thread.run_sync(feed) if self._path.is_costly else feed()
        # It may have been cancelled meanwhile.
        if not self._cancelled:
            self._accept_chunk(chunk, samples)

    def _accept_chunk(self, chunk: Chunk, samples: Pcm) -> None:
        if chunk.underran:
            self._record.underran()
        for mark in chunk.marks:
            self._accept_mark(mark)
        if len(samples):
            self._queue.append(samples)
        if chunk.segment_end:
            self._heard.segment_end(self._path.produced, self._segment_text_end)

    def _accept(self, output: Output) -> None:
        match output:
            case Flushed(_, token, _):
                self._queue.append(FlushReached(token, self._path.produced))
            case Finished(_, _, reason):
                self._queue.append(StreamDone(self._path.produced, reason))
            case Failed(_, message):
                self._queue.append(self._failed(message))
            case _:
                self._engine_waits = True

    def _accept_mark(self, mark: Mark) -> None:
        at = self._path.position(mark.at)
        if mark.unit is MarkUnit.WORD:
            self._heard.word(at, mark.end)
        else:
            self._segment_text_end = mark.end
        self._queue.append(MarkReached(at, mark.start, mark.end, mark.unit))

    def _next(self) -> StreamEvent | None:
        """Return the next event, or None where credit forbids it."""
        head = self._queue[0]
        if not isinstance(head, np.ndarray):
            self._queue.popleft()
            return head
        room = min(self._granted - self.sent, self._max_piece)
        if room <= 0:
            return None
        if len(head) <= room:
            self._queue.popleft()
        else:
            self._queue[0] = head[room:]
        piece = AudioPiece(self.sent, head[:room])
        self.sent += len(piece.pcm)
        self._record.audio(len(piece.pcm))
        return piece

    def _stalled(self) -> Iterator[StreamEvent]:
        if not self.blocked:
            self.blocked = True
            self._record.stalled()
            yield CreditUsedUp(self.sent)


def _nobody() -> None:
    """Wake nobody."""
