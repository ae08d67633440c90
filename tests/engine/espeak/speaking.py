"""Drives a runner as the engine does, one sequence or many."""

from dataclasses import dataclass, field

import numpy as np

from engine.request import SynthesisRequest
from engine.runners.espeak.runner import EspeakRunner
from engine.steps import Admission, Pcm, Prefill, Row, RowResult, StepPlan, WordMark
from engine.text.segment import Segment


@dataclass
class Spoken:
    """All that came of one segment."""

    rows: list[RowResult] = field(default_factory=list)

    @property
    def pcm(self) -> Pcm:
        return np.concatenate([row.pcm for row in self.rows])

    @property
    def marks(self) -> list[WordMark]:
        return [mark for row in self.rows for mark in row.marks]

    @property
    def is_done(self) -> bool:
        return bool(self.rows) and (self.rows[-1].segment_done or self.rows[-1].error is not None)

    def words(self, text: str) -> list[str]:
        return [text[mark.start : mark.end] for mark in self.marks]


def prefill(slot: int, text: str) -> Prefill:
    return Prefill(slot, Segment(text, 0, len(text)))


def admit(
    runner: EspeakRunner, slot: int, *, voice: str = "en-us", speed: float = 1.0, pitch: float = 0.0
) -> None:
    """Give `slot` a new sequence of the same number."""
    request = SynthesisRequest(voice=voice, speed=speed, pitch=pitch)
    runner.run(StepPlan(released=(slot,), admissions=(Admission(slot, slot, request),)))


def speak(runner: EspeakRunner, text: str, slot: int = 1, num_frames: int = 8) -> Spoken:
    """Speak one segment in `slot`, to its end."""
    runner.run(StepPlan(prefills=(prefill(slot, text),)))
    spoken = Spoken()
    while not spoken.is_done:
        spoken.rows += runner.run(StepPlan(rows=(Row(slot, num_frames),))).rows
    return spoken


def say(
    runner: EspeakRunner,
    *segments: str,
    voice: str = "en-us",
    speed: float = 1.0,
    pitch: float = 0.0,
) -> Spoken:
    """Speak segments of a new sequence one after another."""
    admit(runner, 1, voice=voice, speed=speed, pitch=pitch)
    return Spoken([row for text in segments for row in speak(runner, text).rows])
