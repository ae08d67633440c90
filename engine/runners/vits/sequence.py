"""What the runner knows of one sequence: its voice, and its segment in the making."""

from dataclasses import dataclass, field

import numpy as np

from engine.runners.vits.prior import Latents, Line
from engine.runners.vits.vocoder import Window
from engine.steps import FinishReason, Pcm, Row, RowResult

#: Hops of the first windows of a segment, and of all others: half a second, so that it is heard
#: early, then longer ones, of which less is computed twice.
_WINDOW_HOPS = (32, 64, 128)


@dataclass(slots=True)
class Speech:
    """A segment: what is made of it and not yet handed out."""

    #: None where there is nothing to say.
    line: Line | None
    latents: Latents | None = None
    num_windows: int = 0
    #: Hops that are samples already.
    num_hops: int = 0
    pcm: Pcm = field(default_factory=lambda: np.zeros(0, np.int16))
    error: str | None = None

    @property
    def is_made(self) -> bool:
        """Tell whether all its samples are made."""
        if self.latents is None:
            return self.line is None
        return self.num_hops == self.latents.values.shape[1]

    def wants(self, num_samples: int) -> bool:
        """Tell whether it has to be worked at before it can hand out so many samples."""
        return self.error is None and not self.is_made and len(self.pcm) < num_samples

    def window(self) -> Window:
        """Return the hops to decode next. Its latents are there."""
        assert self.latents is not None  # noqa: S101 they are made before
        size = _WINDOW_HOPS[min(self.num_windows, len(_WINDOW_HOPS) - 1)]
        end = min(self.num_hops + size, self.latents.values.shape[1])
        return Window(self.latents.values, self.latents.speaker, self.num_hops, end)

    def add(self, window: Window, pcm: Pcm) -> None:
        """Take the samples of a window."""
        self.pcm = np.concatenate([self.pcm, pcm])
        self.num_hops = window.end
        self.num_windows += 1

    def hand_out(self, row: Row, frame_samples: int) -> RowResult | None:
        """Return up to the frames of `row`, None if not one is made."""
        if self.error is not None:
            return RowResult(row.slot, np.zeros(0, np.int16), error=self.error)
        count = min(row.num_frames * frame_samples, len(self.pcm))
        done = self.is_made and count == len(self.pcm)
        if not done:
            count -= count % frame_samples
            if not count:
                return None
        pcm, self.pcm = self.pcm[:count], self.pcm[count:]
        is_cut = self.latents is not None and self.latents.is_cut
        gave_up = FinishReason.LENGTH if done and is_cut else None
        return RowResult(row.slot, pcm, segment_done=done, gave_up=gave_up)


@dataclass(slots=True)
class Sequence:
    """The mutable state of one sequence."""

    speaker: int | None
    speed: float
    seed: int
    #: Segments begun.
    num_segments: int = 0
    speech: Speech | None = None
