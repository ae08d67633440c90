"""What a caller asks of the engine, before any text: the frozen half of a sequence."""

from dataclasses import dataclass
from enum import Enum

from engine.cloning import EncodedReference
from engine.text.rules import TextRules


class ServiceClass(Enum):
    """The two classes of work."""

    #: Somebody listens while it is made: every step has a playback deadline.
    CALL = "call"
    #: A text becomes a file: throughput matters, no deadline does.
    NOTE = "note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """How a model that draws at random draws. `None` leaves the model's own default."""

    seed: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    repetition_penalty: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SynthesisRequest:
    """One utterance to be made; its text follows by `AppendText`.

    `voice` is an id that the runner's catalogue has resolved; `references`, which only a model with
    an encoder is given, speak in its place, all in one voice. `speed` (a factor, 1 is the voice's
    own pace) and `pitch` (semitones) lie within the ranges of the runner's `ModelInfo`. `pace` is
    how many seconds of the model's audio a second of listening takes, which is not 1 where it is
    stretched afterwards. `head_start_s` treats a note as a call until that much audio is ahead of
    its listener: an HTTP body is listened to while it arrives, and nobody waits for its rest.
    Without `text_rules` all text is said as it is written.
    """

    voice: str
    references: tuple[EncodedReference, ...] = ()
    service_class: ServiceClass = ServiceClass.CALL
    speed: float = 1.0
    pitch: float = 0.0
    pace: float = 1.0
    head_start_s: float = 0.0
    sampling: Sampling = Sampling()
    text_rules: TextRules | None = None
