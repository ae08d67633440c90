"""Random numbers in place of a checkpoint, for benches and tests: any size, no file."""

import math
import zlib

import torch
from torch import Tensor

#: Loudness doubles from unit to unit unless their branches are small: these keep it near 1.
_BRANCH_SCALE = 0.3
#: Frequencies of the Snake activation lie around 1.
_MIN_FREQUENCY = 0.5


class RandomWeights:
    """A source that has whatever it is asked for; the same name and seed give the same tensor."""

    def __init__(self, seed: int = 0) -> None:
        self._seed = seed

    def read(self, name: str, shape: tuple[int, ...]) -> Tensor:
        """Return a float32 tensor, of a size that keeps what flows through it near 1."""
        generator = torch.Generator().manual_seed(self._seed + zlib.crc32(name.encode()))
        if name.endswith("alpha"):
            return _MIN_FREQUENCY + torch.rand(shape, generator=generator)
        noise = torch.randn(shape, generator=generator)
        if name.endswith(("gamma", "norm.weight")):
            scale = _BRANCH_SCALE if name.endswith("gamma") else 1.0
            return scale * (1.0 + 0.1 * noise)
        if name.endswith("bias"):
            return 0.05 * noise
        if "codebook" in name:
            return noise
        return noise * (_gain(name) / math.sqrt(_fan_in(name, shape)))


def _fan_in(name: str, shape: tuple[int, ...]) -> int:
    # A transposed convolution is (in, out, taps): two of its taps add up in each output.
    is_transposed = name.startswith("decoder") and name.endswith(".block.1.conv.weight")
    is_transposed &= name.count(".block") == 1
    return 2 * shape[0] if is_transposed else math.prod(shape[1:])


def _gain(name: str) -> float:
    # The second convolution of a residual unit ends its branch.
    return _BRANCH_SCALE if name.endswith(".block.3.conv.weight") else 1.0
