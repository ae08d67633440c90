"""One utterance on its way out: from the engine's chunks to pieces of audio within the credit.

Every face of the server, socket or HTTP, pulls its audio from a `Stream`. All counts are samples at
the stream's own rate. Lives on the event loop; nothing here waits.
"""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from engine.outputs import (
    Blocked,
    Chunk,
    Failed,
    Finished,
    FinishReason,
    Flushed,
    MarkUnit,
    Output,
)
from engine.steps import Pcm
from protocol.codes import ErrorCode
from server.engine_client import EngineClient
from server.parameters import Speech

#: The longest piece of audio in one message: an interruption should not wait behind more.
MAX_PIECE_S = 0.2


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
_Queued: TypeAlias = Pcm | MarkReached | FlushReached | StreamDone


class Stream:
    """An open utterance. `wake` is called when there may be something to take."""

    def __init__(
        self, engine: EngineClient, speech: Speech, credit: int, wake: Callable[[], None]
    ) -> None:
        """Open the utterance.

        Raises:
            RequestError: `overloaded`, or `engine_failed`.
        """
        self.sample_rate_hz = speech.sample_rate_hz
        self.sent = 0
        self.blocked = False
        self._granted = credit
        self._wake = wake
        self._engine = engine
        self._path = speech.audio_path()
        self._model_samples_per_sample = (
            speech.model_rate_hz * speech.stretch / speech.sample_rate_hz
        )
        self._max_piece = round(MAX_PIECE_S * speech.sample_rate_hz)
        self._inbox: deque[Output] = deque()
        self._queue: deque[_Queued] = deque()
        self._engine_waits = False
        self._utterance = engine.open(speech.request, self._path.demand(credit), self._receive)

    def append(self, text: str) -> None:
        """Append text, verbatim."""
        self._utterance.append(text)

    def flush(self, token: int) -> None:
        """Speak what is buffered now; `FlushReached` follows its last sample."""
        self._utterance.flush(token)

    def end(self) -> None:
        """Say that no more text will come."""
        self._utterance.end()

    def cancel(self) -> None:
        """Forget it all: nothing more can be taken."""
        self._utterance.cancel()
        self._inbox.clear()
        self._queue.clear()

    def grant(self, upto: int, played: int | None = None) -> None:
        """Allow samples up to `upto`; a smaller one changes nothing."""
        if upto > self._granted:
            self._granted = upto
            self.blocked = self._engine_waits = False
        model_played = None if played is None else round(played * self._model_samples_per_sample)
        self._utterance.grant(self._path.demand(self._granted), model_played)
        self._wake()

    def take(self) -> Iterator[StreamEvent]:
        """Yield what may be sent now, in order; it counts as sent once yielded."""
        while self._inbox or self._queue:
            while self._queue:
                event = self._next()
                if event is None:
                    yield from self._stalled()
                    return
                yield event
            if self._inbox:
                output = self._inbox.popleft()
                if isinstance(output, Failed):
                    failed = self._engine.failed
                    code = ErrorCode.ENGINE_FAILED if failed else ErrorCode.INTERNAL
                    yield StreamFailed(code, output.message)
                    return
                self._accept(output)
        if self._engine_waits and self.sent >= self._granted:
            yield from self._stalled()

    def _receive(self, output: Output) -> None:
        self._inbox.append(output)
        self._wake()

    def _accept(self, output: Output) -> None:
        """Turn an output of the engine into what is to be sent for it."""
        match output:
            case Chunk(_, _, pcm, marks, segment_end):
                self._queue.extend(
                    MarkReached(self._path.position(mark.at), mark.start, mark.end, mark.unit)
                    for mark in marks
                )
                samples = self._path.feed(pcm, segment_end=segment_end)
                if len(samples):
                    self._queue.append(samples)
            case Flushed(_, token, _):
                self._queue.append(FlushReached(token, self._path.produced))
            case Finished(_, _, reason):
                self._queue.append(StreamDone(self._path.produced, reason))
            case Blocked():
                self._engine_waits = True
            case Failed():
                pass  # taken before it comes here

    def _next(self) -> StreamEvent | None:
        """Return the next event, or None where credit forbids it."""
        head = self._queue[0]
        if isinstance(head, MarkReached) and head.at >= self._granted:
            return None
        if isinstance(head, MarkReached | FlushReached | StreamDone):
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
        return piece

    def _stalled(self) -> Iterator[StreamEvent]:
        if not self.blocked:
            self.blocked = True
            yield CreditUsedUp(self.sent)
