"""ITU-T G.711, the sound of telephones: a sample of 8 bits, by one of two laws.

Both laws divide the loudness of a sample into eight segments of 16 intervals, from 0 upwards. The
intervals of a segment are twice as wide as those of the one below, so that what a listener hears
of the error is about the same for soft and loud. A code is a sign and the number of an interval,
with some of its bits inverted. Where they lie: tables 1a (A-law) and 2a (μ-law) of G.711, 11/1988,
here in steps of 16 bits; the tables are in steps of 13 and 14.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from engine.steps import Pcm

#: Samples of one sign.
_HALF = 1 << 15
_SIGN = np.uint8(0x80)


def mulaw(pcm: Pcm) -> bytes:
    """Return one byte for each sample of `pcm`, shape (samples,) int16: North America, Japan."""
    return _mulaw_codes()[pcm.view(np.uint16)].tobytes()


def alaw(pcm: Pcm) -> bytes:
    """Return one byte for each sample of `pcm`, shape (samples,) int16: everywhere else."""
    return _alaw_codes()[pcm.view(np.uint16)].tobytes()


@cache
def _mulaw_codes() -> NDArray[np.uint8]:
    widths = np.repeat(8 << np.arange(8), 16)
    # The upper half of an interval around 0.
    widths[0] = 4
    # What is louder than all of them counts as the loudest.
    widths[-1] += _HALF - widths.sum()
    return _codes(widths, inverted=0x7F)


@cache
def _alaw_codes() -> NDArray[np.uint8]:
    # The two lowest segments are alike.
    return _codes(np.repeat(16 << np.array([0, 0, 1, 2, 3, 4, 5, 6]), 16), inverted=0x55)


def _codes(widths: NDArray[np.int64], inverted: int) -> NDArray[np.uint8]:
    """Return the code of every sample, shape (65536,), by the bits of the sample.

    `widths` are those of the intervals, from 0 up to the loudest sample, `inverted` the bits that
    are sent inverted. To which side a sample at a decision value belongs, the tables do not say:
    here to the interval above, on both sides of 0, as in the ITU's own program, G.191.
    """
    intervals = np.repeat(np.arange(widths.size, dtype=np.uint8), widths)
    # By their bits, the negative samples follow the others, from the loudest to -1.
    return np.concatenate([intervals | _SIGN, intervals[::-1]]) ^ np.uint8(inverted)
