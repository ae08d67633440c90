"""How audio is written on the wire: the bytes of a sample, and the rate that an encoding has."""

from collections.abc import Mapping
from typing import Literal, TypeAlias

#: `pcm16`: linear, 16 bit, little-endian. `mulaw` and `alaw`: the two laws of ITU-T G.711.
EncodingName: TypeAlias = Literal["pcm16", "mulaw", "alaw"]

BYTES_PER_SAMPLE: Mapping[EncodingName, int] = {"pcm16": 2, "mulaw": 1, "alaw": 1}

_G711 = ("mulaw", "alaw")
#: The rate of G.711, in hertz. It has no other: a telephone line would play one as if it were this.
G711_RATE_HZ = 8000


def fixed_rate(encoding: str) -> int | None:
    """Return the only rate in hertz at which an encoding exists; `None` means any."""
    return G711_RATE_HZ if encoding in _G711 else None
