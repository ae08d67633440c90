"""Samples without a header, in the encodings of the wire."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from engine.steps import Pcm
from protocol.encodings import EncodingName
from server.audio.g711 import alaw, mulaw

#: From mono samples, shape (samples,) int16, to their bytes. A copy or a table: it costs nothing.
ToBytes: TypeAlias = Callable[[Pcm], bytes]


def pcm16(pcm: Pcm) -> bytes:
    """Return the samples, little-endian."""
    return pcm.astype("<i2", copy=False).tobytes()


TO_BYTES: Mapping[EncodingName, ToBytes] = {"pcm16": pcm16, "mulaw": mulaw, "alaw": alaw}


class RawEncoder:
    """Raw samples."""

    def __init__(self, encoding: EncodingName = "pcm16") -> None:
        self._to_bytes = TO_BYTES[encoding]

    def encode(self, pcm: Pcm) -> bytes:
        """Return the bytes of the samples."""
        return self._to_bytes(pcm)

    def finish(self) -> bytes:
        """Return nothing: nothing is held back."""
        return b""

    def close(self) -> None:
        """Give nothing back: there is nothing."""
