"""RIFF/WAVE with 16-bit mono samples, of known and of unknown length."""

import struct

from engine.steps import Pcm
from server.audio.raw import RawEncoder

BYTES_PER_SAMPLE = 2
WAV_HEADER_BYTES = 44

#: What a player takes for "until the stream ends".
_UNKNOWN_BYTES = 0xFFFFFFFF

#: Bytes of the header that the RIFF chunk's own size counts: all but the first two fields.
_COUNTED_HEADER_BYTES = 36


def wav_header(num_samples: int | None, sample_rate_hz: int) -> bytes:
    """Return the 44 bytes that come before `num_samples` samples, or `None` for unknown many.

    A length past 4 GiB cannot be written, and is unknown too.
    """
    data_bytes = riff_bytes = _UNKNOWN_BYTES
    if num_samples is not None:
        data_bytes = min(num_samples * BYTES_PER_SAMPLE, _UNKNOWN_BYTES)
        riff_bytes = min(data_bytes + _COUNTED_HEADER_BYTES, _UNKNOWN_BYTES)
    byte_rate = sample_rate_hz * BYTES_PER_SAMPLE
    form = struct.pack(
        "<4sIHHIIHH", b"fmt ", 16, 1, 1, sample_rate_hz, byte_rate, BYTES_PER_SAMPLE, 16
    )
    return (
        struct.pack("<4sI4s", b"RIFF", riff_bytes, b"WAVE")
        + form
        + struct.pack("<4sI", b"data", data_bytes)
    )


class WavEncoder(RawEncoder):
    """A header for a stream of unknown length, then raw samples."""

    def __init__(self, sample_rate_hz: int) -> None:
        super().__init__()
        self._header = wav_header(None, sample_rate_hz)

    def encode(self, pcm: Pcm) -> bytes:
        """Return the samples, after the header the first time."""
        header, self._header = self._header, b""
        return header + super().encode(pcm)

    def finish(self) -> bytes:
        """Return the header if not even an empty chunk was encoded, so that the file is valid."""
        return self._header
