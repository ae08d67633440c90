# ruff: noqa: INP001 a script of CI, in no package
"""Fails unless every WAV that is named holds speech: long enough, and not silent."""

import sys
from array import array
from pathlib import Path

#: A WAV that was streamed does not know its length, so the header is stepped over.
HEADER_BYTES = 44
#: Half a second at the lowest rate the server offers.
MIN_SAMPLES = 4_000
#: One hundredth of full scale. Speech is ten times as loud, dither a hundred times softer.
MIN_RMS = 328


def check(path: Path) -> None:
    """Exit with a message if `path` holds no speech."""
    data = path.read_bytes()
    body = data[HEADER_BYTES:]
    samples = array("h", body[: len(body) // 2 * 2])
    rms = (sum(sample * sample for sample in samples) / max(len(samples), 1)) ** 0.5
    if data[:4] != b"RIFF" or len(samples) < MIN_SAMPLES or rms < MIN_RMS:
        sys.exit(f"{path}: no speech in it ({len(samples)} samples, RMS {rms:.0f})")


if __name__ == "__main__":
    for name in sys.argv[1:]:
        check(Path(name))
