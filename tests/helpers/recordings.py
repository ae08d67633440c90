"""Recordings of a tone, written by libsndfile, and how they are spoilt."""

import io
import struct
from functools import cache

import numpy as np
import soundfile
from numpy.typing import NDArray

RATE_HZ = 44_100
TEXT = "A voice that says this."
#: Where a WAV of libsndfile has these fields of its header.
_CHANNELS_AT, _RATE_AT, _DATA_SIZE_AT = 22, 24, 40
#: Where a FLAC has its rate, channels, bits and total: 20, 3, 5 and 36 bits.
_FLAC_FORMAT_AT = 18


def tone(duration_s: float = 1.5, rate_hz: int = RATE_HZ) -> NDArray[np.float32]:
    times = np.arange(round(duration_s * rate_hz)) / rate_hz
    return (0.3 * np.sin(times * 2 * np.pi * 220)).astype(np.float32)


def written(
    samples: NDArray[np.float32],
    rate_hz: int = RATE_HZ,
    container: str = "WAV",
    subtype: str | None = None,
) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, samples, rate_hz, format=container, subtype=subtype)
    return file.getvalue()


@cache
def recording(container: str = "WAV", subtype: str | None = None, rate_hz: int = RATE_HZ) -> bytes:
    return written(tone(rate_hz=rate_hz), rate_hz, container, subtype)


def wav_that_claims(
    *, channels: int | None = None, rate_hz: int | None = None, data_bytes: int | None = None
) -> bytes:
    """Return a WAV whose header says other things than its samples are."""
    data = bytearray(recording())
    for kind, at, value in (
        ("<H", _CHANNELS_AT, channels),
        ("<I", _RATE_AT, rate_hz),
        ("<I", _DATA_SIZE_AT, data_bytes),
    ):
        if value is not None:
            struct.pack_into(kind, data, at, value)
    return bytes(data)


def flac_that_claims(num_samples: int) -> bytes:
    """Return a FLAC whose header says another number of samples; 0 says that nobody knows."""
    data = bytearray(recording("FLAC"))
    (fields,) = struct.unpack_from(">Q", data, _FLAC_FORMAT_AT)
    struct.pack_into(">Q", data, _FLAC_FORMAT_AT, fields >> 36 << 36 | num_samples)
    return bytes(data)
