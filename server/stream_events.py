"""What comes out of a stream. All counts are samples at the stream's own rate."""

from dataclasses import dataclass
from typing import TypeAlias

from engine.outputs import MarkUnit
from engine.steps import FinishReason, Pcm
from protocol.codes import ErrorCode


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
    retry_after_s: float | None = None


StreamEvent: TypeAlias = (
    AudioPiece | MarkReached | FlushReached | CreditUsedUp | StreamDone | StreamFailed
)
