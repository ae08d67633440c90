"""What the engine tells the outside, after a step or in answer to a command."""

from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from engine.steps import FinishReason, Pcm


class MarkUnit(Enum):
    """What a mark marks."""

    SEGMENT = "segment"
    WORD = "word"


@dataclass(frozen=True, slots=True)
class Mark:
    """The characters `start:end` of all text are spoken from sample `at` of the sequence."""

    at: int
    start: int
    end: int
    unit: MarkUnit


@dataclass(frozen=True, slots=True, eq=False)
class Chunk:
    """The PCM of one step: int16, shape (samples,), its first sample is number `at`.

    `segment_end` says that the segment's last sample is in it; such a chunk may be empty.
    `underran` says that the listener ran dry before it, though there was text and credit.
    """

    sequence_id: int
    at: int
    pcm: Pcm
    marks: tuple[Mark, ...] = ()
    segment_end: bool = False
    underran: bool = False


@dataclass(frozen=True, slots=True)
class Flushed:
    """All text before the flush is spoken; the next sample is number `at`."""

    sequence_id: int
    token: int
    at: int


@dataclass(frozen=True, slots=True)
class Blocked:
    """There is text to speak and no credit left. Said once per stall."""

    sequence_id: int
    at: int


@dataclass(frozen=True, slots=True)
class Finished:
    """The sequence is over; `samples` were made."""

    sequence_id: int
    samples: int
    reason: FinishReason


@dataclass(frozen=True, slots=True)
class Failed:
    """The sequence is lost, it alone.

    `out_of_memory` says that there was no room for it among the others: later there may be.
    """

    sequence_id: int
    message: str
    out_of_memory: bool = False


Output: TypeAlias = Chunk | Flushed | Blocked | Finished | Failed
