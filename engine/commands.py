"""What the outside tells the engine.

Commands for an unknown or ended sequence are ignored: they race. All sample counts are at the
model's own rate and count from the sequence's first sample.
"""

from dataclasses import dataclass
from typing import TypeAlias

from engine.request import SynthesisRequest


@dataclass(frozen=True, slots=True)
class Open:
    """Begin a sequence. `sequence_id` is new and larger than every one before it."""

    sequence_id: int
    request: SynthesisRequest
    credit: int


@dataclass(frozen=True, slots=True)
class AppendText:
    """Append text, verbatim."""

    sequence_id: int
    text: str


@dataclass(frozen=True, slots=True)
class Flush:
    """Speak what is buffered now; `Flushed` with the same token follows its last sample."""

    sequence_id: int
    token: int


@dataclass(frozen=True, slots=True)
class EndText:
    """No more text will come."""

    sequence_id: int


@dataclass(frozen=True, slots=True)
class Grant:
    """The receiver allows samples up to `upto` (absolute), and has played `played` of them."""

    sequence_id: int
    upto: int
    played: int | None = None


@dataclass(frozen=True, slots=True)
class Cancel:
    """Forget the sequence. Nothing is delivered for it any more."""

    sequence_id: int


Command: TypeAlias = Open | AppendText | Flush | EndText | Grant | Cancel
