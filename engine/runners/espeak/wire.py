"""What a runner and the process that speaks for it tell each other, one packet a message.

The packets of a `SOCK_SEQPACKET` arrive whole or not at all, so a speaker that dies in the midst of
an answer cuts no packet in two. Every answer bears the number of its question: one that comes too
late is known by it. Named tuples, since importing `dataclasses` would take half as long again as
all else that the process imports.
"""

import json
import struct
from typing import NamedTuple

#: A packet has to fit into the buffer of a socket, which is 208 KiB on Linux unless told otherwise.
#: The largest question, 300 characters with as many words, is 7 kB.
MAX_PACKET_BYTES = 64 * 1024

#: The library is loaded; the body is a `Roll`. Or it cannot be, and the body says why.
READY = b"R"
UNAVAILABLE = b"X"
#: Some of the PCM of an answer.
SOUND = b"S"
#: What ends an answer: the body is a `Report`, or the library does not know the voice.
SPOKEN = b"D"
UNKNOWN_VOICE = b"U"
#: The speaker is dead, and another one listens. Bears no number: the dead tell none.
CRASHED = b"C"

_HEAD = struct.Struct("<cI")
MAX_BODY_BYTES = MAX_PACKET_BYTES - _HEAD.size


class VoiceFile(NamedTuple):
    """A voice as the library lists it: `path` below its folder of voices."""

    path: str
    name: str
    languages: tuple[str, ...]


class Roll(NamedTuple):
    """What the library has: its voices, its variants, and whether a text always sounds alike."""

    voices: list[VoiceFile]
    variants: list[VoiceFile]
    is_reproducible: bool


class Manner(NamedTuple):
    """How to speak: as `Library.configure` takes it."""

    voice: str
    rate_wpm: int
    pitch: int
    pitch_range: int


class Question(NamedTuple):
    """A piece of text to speak for a burst.

    `words` are the slices of `text` that are words. With `must_end` a first word longer than a
    burst is heard out.
    """

    manner: Manner
    text: str
    end_pause: bool
    words: list[tuple[int, int]]
    must_end: bool


class Report(NamedTuple):
    """What was heard besides the sound.

    `begins` are pairs: a word by its index, and the sample at which it begins. `cut` is the word
    that the next piece has to begin with, None where all was spoken. With `failed` a burst was made
    and no word but the first had begun: nothing can be kept.
    """

    begins: list[tuple[int, int]]
    cut: int | None
    failed: bool


def pack(kind: bytes, number: int = 0, body: bytes = b"") -> bytes:
    """Return a packet."""
    return _HEAD.pack(kind, number) + body


def unpack(packet: bytes) -> tuple[bytes, int, bytes]:
    """Return kind, number and body of a packet."""
    kind, number = _HEAD.unpack_from(packet)
    return kind, number, packet[_HEAD.size :]


def encode(value: Roll | Question | Report) -> bytes:
    """Return the body that carries `value`."""
    return json.dumps(value).encode()


def decode_roll(body: bytes) -> Roll:
    """Return what `encode` was given."""
    voices, variants, is_reproducible = json.loads(body)
    return Roll(_files(voices), _files(variants), is_reproducible)


def decode_question(body: bytes) -> Question:
    """Return what `encode` was given."""
    manner, *rest = json.loads(body)
    return Question(Manner(*manner), *rest)


def decode_report(body: bytes) -> Report:
    """Return what `encode` was given."""
    return Report(*json.loads(body))


def _files(listed: list[tuple[str, str, list[str]]]) -> list[VoiceFile]:
    return [VoiceFile(path, name, tuple(languages)) for path, name, languages in listed]
