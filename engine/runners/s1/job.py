"""What one row of a step is to make, and what came of it."""

from dataclasses import dataclass, field, replace

import numpy as np

from engine.runners.s1.prompt import Columns
from engine.runners.s1.sequence import Sequence
from engine.steps import FinishReason, Pcm, RowResult

_NOTHING: Pcm = np.zeros(0, np.int16)


@dataclass(slots=True)
class Job:
    """One row under way."""

    slot: int
    num_frames: int
    sequence: Sequence
    #: Where the sequence sits during the step.
    lane: int
    #: (num_codebooks + 1,) each.
    frames: list[Columns] = field(default_factory=list)
    pcm: Pcm = field(default_factory=lambda: _NOTHING)
    segment_done: bool = False
    gave_up: FinishReason | None = None
    error: str | None = None
    #: Whether it goes on in another step for want of memory, and whether the KV cache was full.
    is_left_out: bool = False
    is_starved: bool = False
    #: Whether its frames have no samples yet, for the same want.
    is_undecoded: bool = False

    @property
    def wants_frames(self) -> bool:
        """Tell whether the language model has more to draw for it."""
        is_over = self.segment_done or self.is_left_out or self.error is not None
        return not is_over and len(self.frames) < self.num_frames

    def add(self, column: Columns, code: int) -> None:
        """Take a frame, whose first code is `code`, and end the segment if it must be the last."""
        segment = self.sequence.segment
        assert segment is not None  # noqa: S101 frames are drawn for a begun segment only
        self.frames.append(column)
        self.sequence.drawn.append(column)
        self.gave_up = segment.guard.add(code)
        if self.gave_up is not None:
            self.end()

    def end(self) -> None:
        """End the segment."""
        self.segment_done = True
        self.sequence.end_segment()

    def leave_out(self, *, is_starved: bool = False) -> None:
        """Let it go on in another step."""
        self.is_left_out = True
        self.is_starved = is_starved

    def again(self, slot: int, lane: int) -> "Job":
        """Return what is left to do in another step, wherever it sits then: the same samples."""
        return replace(
            self,
            slot=slot,
            lane=lane,
            num_frames=len(self.frames),
            is_left_out=False,
            is_starved=False,
            is_undecoded=False,
        )

    def result(self) -> RowResult | None:
        """Return what was made; None if there was no time or no memory for anything."""
        if self.error is not None:
            return RowResult(self.slot, _NOTHING, error=self.error)
        if self.is_undecoded or not (self.frames or self.segment_done):
            return None
        return RowResult(self.slot, self.pcm, segment_done=self.segment_done, gave_up=self.gave_up)
