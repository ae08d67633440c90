"""A document as what is spoken, part after part."""

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Prosody:
    """How a part differs from the note: times its speed, semitones and decibels above it."""

    speed: float = 1.0
    pitch: float = 0.0
    volume_db: float = 0.0


@dataclass(frozen=True, slots=True)
class SayAs:
    """Text that is said by the rules of a language, which is not known yet."""

    text: str
    interpret_as: str
    format: str | None
    where: str


Words: TypeAlias = str | SayAs


@dataclass(frozen=True, slots=True)
class Part:
    """What is spoken without a change, which may be nothing, and the silence after it."""

    words: tuple[Words, ...]
    prosody: Prosody
    where: str
    pause_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Document:
    """The parts in order, and the BCP 47 tag of `xml:lang`, as it is written."""

    parts: tuple[Part, ...]
    language: str | None = None
