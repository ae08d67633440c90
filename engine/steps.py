"""The only words that scheduler and runner share: what to do in a step, and what came of it.

Both are frozen and hold nothing but numbers, text and PCM, so a runner may move to another process
without a change above the seam.
"""

from dataclasses import dataclass, field
from enum import Enum
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from engine.request import SynthesisRequest
from engine.text.segment import Segment

#: Mono PCM16 at the model's own sample rate, shape (samples,), dtype int16.
Pcm: TypeAlias = NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class Admission:
    """Slot `slot` begins to serve `sequence_id`: a new one, or one that was parked."""

    slot: int
    sequence_id: int
    request: SynthesisRequest


@dataclass(frozen=True, slots=True)
class Prefill:
    """Slot `slot` begins `segment`. Its previous segment, if any, is done."""

    slot: int
    segment: Segment


@dataclass(frozen=True, slots=True)
class Row:
    """Slot `slot` makes up to `num_frames` frames of its segment."""

    slot: int
    num_frames: int


@dataclass(frozen=True, slots=True)
class StepPlan:
    """One step. The runner does the parts in the order of the fields.

    `released` sequences are over: their state is dropped wherever it is, in a slot or parked.
    `evicted` ones leave their slot if they have one, and give up what memory they can: all that is
    computed again when they resume. `parked` ones leave their slot and keep their state, to resume
    where they were. `rows` stand in the order of urgency: a runner that makes them one after
    another may leave out the tail once `time_budget_s` is spent, and it is planned again.
    """

    released: tuple[int, ...] = ()
    evicted: tuple[int, ...] = ()
    parked: tuple[int, ...] = ()
    admissions: tuple[Admission, ...] = ()
    prefills: tuple[Prefill, ...] = ()
    rows: tuple[Row, ...] = ()
    time_budget_s: float = field(default=float("inf"))

    def __bool__(self) -> bool:
        """Tell whether there is anything to do."""
        has_moves = self.released or self.evicted or self.parked or self.admissions
        return bool(has_moves or self.prefills or self.rows)


@dataclass(frozen=True, slots=True)
class WordMark:
    """A word of the segment: `at` counts samples of the segment, `start:end` slices its text."""

    at: int
    start: int
    end: int


class FinishReason(Enum):
    """Why a sequence ended by itself."""

    #: All its text is spoken.
    END = "end"
    #: The model spoke on, far longer than its text lasts: it missed the end.
    LENGTH = "length"
    #: The model said the same again and again.
    REPETITION = "repetition"


@dataclass(frozen=True, slots=True, eq=False)
class RowResult:
    """What one row made: at most `num_frames` frames, whole ones except at the segment's end.

    It may be fewer, even none, where the runner spent what time the row has; it is planned again.
    A mark's `at` lies within this row's samples or at their end, and marks are in order. An `error`
    fails the sequence alone. `gave_up` says that the model lost its way: the segment is done, and
    so is the sequence, whatever text it still has.
    """

    slot: int
    pcm: Pcm
    marks: tuple[WordMark, ...] = ()
    segment_done: bool = False
    error: str | None = None
    gave_up: FinishReason | None = None


@dataclass(frozen=True, slots=True, eq=False)
class StepResult:
    """What a step made. Planned rows that are missing were left out for want of time.

    `starved` are the slots whose rows stopped for want of memory, whether they made some frames
    before or none. Nothing is lost: they go on once others gave theirs up. Where there are any,
    `holding` are the sequences that have some to give up; of what several share, the oldest.
    """

    rows: tuple[RowResult, ...] = ()
    starved: tuple[int, ...] = ()
    holding: tuple[int, ...] = ()
