"""Where layers get their weights: on their device, as exact as their arithmetic."""

from dataclasses import dataclass, replace
from typing import Protocol

import torch
from torch import Tensor


class WeightSource(Protocol):
    """A checkpoint, or random numbers in its place."""

    def read(self, name: str, shape: tuple[int, ...]) -> Tensor:
        """Return the float tensor of that name, or raise if it is missing or of another shape."""
        ...


@dataclass(frozen=True, slots=True)
class Weights:
    """Gives out tensors on a device, for arithmetic in `dtype` or in float32 where that matters."""

    source: WeightSource
    device: torch.device
    dtype: torch.dtype

    @property
    def exact_dtype(self) -> torch.dtype:
        """Float32, or float64 where everything is float64."""
        return torch.promote_types(self.dtype, torch.float32)

    def exactly(self) -> "Weights":
        """Return the same weights for arithmetic in `exact_dtype`."""
        return replace(self, dtype=self.exact_dtype)

    def exact(self, name: str, *shape: int) -> Tensor:
        """Return a tensor in `exact_dtype`: norms, scales, and all that is folded further."""
        return self.source.read(name, shape).to(self.device, self.exact_dtype)
