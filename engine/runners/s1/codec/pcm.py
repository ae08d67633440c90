"""Float samples to PCM16."""

import torch
from torch import Tensor

_STEPS = 32_768


def to_pcm16(samples: Tensor) -> Tensor:
    """Return `samples` in steps of 2^-15, cut towards zero, as int16 of the same shape.

    The reference's own rule, but for +1.0, which it wraps to the lowest value: here it is the
    highest.
    """
    return (samples * _STEPS).clamp_(-_STEPS, _STEPS - 1).to(torch.int16)
