"""The Snake activation (Ziyin et al. 2020, arXiv:2006.08195)."""

import torch
from torch import Tensor

from engine.runners.s1.codec.weights import Weights

#: The reference's guard against a frequency of 0.
_EPS = 1e-9


class Snake:
    """x + sin²(f·x) / f, with a frequency f for each channel, computed in float32 at least."""

    def __init__(self, weights: Weights, name: str, channels: int) -> None:
        self._frequency = weights.exact(f"{name}.alpha", 1, channels, 1).flatten()
        self._amplitude = 1.0 / (self._frequency + _EPS)

    def __call__(self, x: Tensor, out: Tensor | None = None) -> Tensor:
        """Apply it to `x` (..., channels), and write the result to `out` if that is given."""
        wave = (x * self._frequency).sin_().square_().mul_(self._amplitude)
        return torch.add(x, wave, out=out)
