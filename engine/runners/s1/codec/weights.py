"""Where layers get their weights: checked, unfolded from weight norm, on their device."""

from dataclasses import dataclass, replace
from typing import Protocol

import torch
from torch import Tensor

#: Weight norm as torch spells it today and as it did before: (gain, direction).
_WEIGHT_NORM_SPELLINGS = (
    ("parametrizations.weight.original0", "parametrizations.weight.original1"),
    ("weight_g", "weight_v"),
)


class WeightSource(Protocol):
    """A checkpoint, or random numbers in its place."""

    def __contains__(self, name: str) -> bool:
        """Tell whether there is a tensor of that name."""
        ...

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

    def kernel(self, name: str, *shape: int) -> Tensor:
        """Return the `name.weight` of a convolution in `exact_dtype`, weight norm folded.

        W = gain · direction / ‖direction‖, the norm taken over all axes but the first (Salimans and
        Kingma 2016, arXiv:1602.07868): for a transposed convolution that is the input channel.
        """
        for gain_name, direction_name in _WEIGHT_NORM_SPELLINGS:
            if f"{name}.{direction_name}" in self.source:
                gain = self.exact(f"{name}.{gain_name}", shape[0], *(1 for _ in shape[1:]))
                direction = self.exact(f"{name}.{direction_name}", *shape)
                norm = direction.flatten(1).norm(dim=1).view_as(gain)
                kernel: Tensor = direction * (gain / norm)
                return kernel
        return self.exact(f"{name}.weight", *shape)
