"""Samples between int16 and int16."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from engine.steps import Pcm

#: Mono samples in units of int16 steps, shape (samples,), dtype float32, never clipped.
Samples: TypeAlias = NDArray[np.float32]

_PCM = np.iinfo(np.int16)


def gain_of(volume_db: float) -> float:
    """Return the factor of `volume_db` decibels of amplitude."""
    return float(10.0 ** (volume_db / 20.0))


def to_samples(pcm: Pcm, gain: float) -> Samples:
    """Return `pcm` as float32, times `gain`."""
    samples = pcm.astype(np.float32)
    if gain != 1.0:
        samples *= np.float32(gain)
    return samples


def to_pcm(samples: Samples) -> Pcm:
    """Return `samples` rounded to int16; what does not fit is saturated, never wrapped."""
    rounded = np.rint(samples)
    return np.clip(rounded, _PCM.min, _PCM.max, out=rounded).astype(np.int16)


def fitted(samples: Samples, count: int) -> Samples:
    """Return exactly `count` samples: cut, or followed by silence."""
    if samples.size >= count:
        return samples[:count]
    return np.pad(samples, (0, count - samples.size))
