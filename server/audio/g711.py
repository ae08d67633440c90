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

_INTERVALS = 16
_LOUDEST = 8 * _INTERVALS - 1
_SIGN = 0x80


def mulaw(pcm: Pcm) -> bytes:
    """Return one byte for each sample of `pcm`, shape (samples,) int16: North America, Japan."""
    return _mulaw_codes()[pcm.view(np.uint16)].tobytes()


def alaw(pcm: Pcm) -> bytes:
    """Return one byte for each sample of `pcm`, shape (samples,) int16: everywhere else."""
    return _alaw_codes()[pcm.view(np.uint16)].tobytes()


@cache
def _mulaw_codes() -> NDArray[np.uint8]:
    # The first interval of all is half as wide: it is the upper half of one around 0.
    ends = np.cumsum(np.repeat(8 << np.arange(8), _INTERVALS)) - 4
    return _codes(ends, inverted=0x7F)


@cache
def _alaw_codes() -> NDArray[np.uint8]:
    # The two lowest segments are alike.
    ends = np.cumsum(np.repeat(16 << np.array([0, 0, 1, 2, 3, 4, 5, 6]), _INTERVALS))
    return _codes(ends, inverted=0x55)


def _codes(ends: NDArray[np.int64], inverted: int) -> NDArray[np.uint8]:
    """Return the code of every sample, shape (65536,), by the bits of the sample.

    `ends` are the decision values above each interval, `inverted` the bits that are sent inverted.
    A sample at a decision value, of which the tables do not say to which side it belongs, belongs
    to the interval above, on both sides of 0: as in the ITU's own program, G.191.
    """
    samples = np.arange(1 << 16).astype(np.uint16).view(np.int16)
    loudness = np.where(samples < 0, ~samples, samples)
    intervals = np.minimum(np.searchsorted(ends, loudness, side="right"), _LOUDEST)
    signs = np.where(samples < 0, 0, _SIGN)
    return ((intervals | signs) ^ inverted).astype(np.uint8)
