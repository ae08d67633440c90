"""What is drawn at random for one segment."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

#: Each draw of a segment has counters of its own, which lie 2**128 apart.
_DURATIONS, _LATENTS = 0, 1
_KEY_BITS = 64


@dataclass(frozen=True, slots=True)
class SegmentNoise:
    """Standard normal draws that depend on a seed and on the segment's number, and on no batch.

    They come from Philox, which counts: Salmon, Moraes, Dror and Shaw, "Parallel Random Numbers: As
    Easy as 1, 2, 3", 2011.
    """

    #: 0 to 2**64 - 1.
    seed: int
    number: int

    def durations(self, num_tokens: int) -> Tensor:
        """Return (2, num_tokens) float64, what the lengths of the tokens are drawn from."""
        return self._draw(_DURATIONS, (2, num_tokens))

    def latents(self, num_channels: int, num_hops: int) -> Tensor:
        """Return (num_channels, num_hops) float64, what the sound is drawn from."""
        return self._draw(_LATENTS, (num_channels, num_hops))

    def _draw(self, purpose: int, shape: tuple[int, int]) -> Tensor:
        key = self.seed | self.number << _KEY_BITS
        bits = np.random.Philox(key=key, counter=purpose << 128)
        return torch.from_numpy(np.random.Generator(bits).standard_normal(shape))
