"""What the runner knows of one sequence: its voice, its segment, what it said before."""

from collections import deque
from dataclasses import dataclass, field

import numpy as np

from engine.runners.s1.codec import CodecState
from engine.runners.s1.context import ParkedSequence
from engine.runners.s1.draw_state import DrawParameters
from engine.runners.s1.guard import Guard
from engine.runners.s1.prompt import Columns, SpokenText


@dataclass(slots=True)
class Aside:
    """The state of a sequence that sits in no lane."""

    codec: CodecState
    #: None before its first segment.
    language_model: ParkedSequence | None


@dataclass(slots=True)
class Segment:
    """A text that is being spoken."""

    text: str
    guard: Guard


@dataclass(slots=True, kw_only=True)
class Sequence:
    """The mutable state of one sequence."""

    id: int
    voice: tuple[SpokenText, ...]
    parameters: DrawParameters
    num_codebooks: int
    #: Where its tensors are: a lane, or aside; neither before it first sat down.
    lane: int | None = None
    aside: Aside | None = None
    #: A text that was planned and is not begun yet.
    upcoming: str | None = None
    #: What is being spoken.
    segment: Segment | None = None
    #: Segments that were spoken, oldest first; those too old to be a context again are dropped.
    said: deque[SpokenText] = field(default_factory=deque)
    #: Columns drawn in all segments, ends included: the number of the next frame.
    num_drawn: int = 0
    #: (num_codebooks + 1,) each: the frames of the segment, or of the last one.
    drawn: list[Columns] = field(default_factory=list)
    #: Tokens that it has read, or has yet to read, before those.
    num_prompt: int = 0

    @property
    def has_begun(self) -> bool:
        """Tell whether the language model has read anything for it."""
        return self.num_prompt > 0

    def drawn_columns(self) -> Columns:
        """Return (num_codebooks + 1, frames): what was drawn since a segment last began."""
        if not self.drawn:
            return np.zeros((self.num_codebooks + 1, 0), np.int64)
        return np.stack(self.drawn, axis=1)

    def end_segment(self) -> None:
        """Let what was spoken be the context of what follows."""
        segment, self.segment = self.segment, None
        if segment is not None and self.drawn:
            self.said.append(SpokenText(segment.text, self.drawn_columns()[1:]))
