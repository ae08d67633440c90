"""The seam below the scheduler: what every model looks like to the engine."""

from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from engine.cloning import ReferenceEncoder
from engine.steps import StepPlan, StepResult
from engine.text.segment import SegmentRules
from engine.voices import VoiceCatalogue

#: The least and the most samples a second that the audio path is made for.
SAMPLE_RATES_HZ = (8_000, 48_000)


class Feature(Enum):
    """What only some models can do."""

    #: Draws at random: temperature, top_p and repetition_penalty mean something.
    SAMPLING = "sampling"
    #: Acts out markers of emotion in its text: "(excited)".
    MARKERS = "markers"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelInfo:
    """What the rest of the system must know of a model."""

    name: str
    device: str
    sample_rate_hz: int
    #: Samples in one frame, the unit in which rows are planned.
    frame_samples: int
    voices: VoiceCatalogue
    #: Speeds the model speaks at by itself; what lies outside is stretched afterwards.
    speed_range: tuple[float, float] = (1.0, 1.0)
    #: Pitch shifts in semitones that the model can do.
    pitch_range: tuple[float, float] = (0.0, 0.0)
    features: frozenset[Feature] = field(default_factory=frozenset)
    segmentation: SegmentRules = SegmentRules()
    #: By which it speaks in the voice of a recording; None if it cannot.
    encoder: ReferenceEncoder | None = None
    #: The most rows one step can hold.
    max_rows: int = 64
    #: The licence of the weights, where they have one of their own.
    weights_licence: str | None = None


class Runner(Protocol):
    """A model: the tensors, or whatever it has instead. Used by one thread only.

    `run` must not raise for a row's sake (that row's `error` says it), nor where memory runs out
    (`starved` says for whom); what it raises ends the engine. State belongs to a sequence, not to a
    slot: it survives `parked` and `evicted`, and ends with `released`, which may name a sequence
    that never was admitted.
    """

    @property
    def info(self) -> ModelInfo:
        """What the model is and can do."""
        ...

    def run(self, plan: StepPlan) -> StepResult:
        """Do one step."""
        ...

    def close(self) -> None:
        """Give everything back. Called once, by the thread that called `run`."""
        ...
