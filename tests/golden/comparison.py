"""One line of a comparison with the original."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Comparison:
    """How far one tensor is from the original's, and how far it may be."""

    name: str
    largest: float
    tolerance: float

    @property
    def passed(self) -> bool:
        """Tell whether it is near enough; what is not a number is not."""
        return self.largest <= self.tolerance


def close(name: str, ours: Tensor, theirs: Tensor, tolerance: float) -> Comparison:
    """Compare values; another shape is infinitely far."""
    if ours.shape != theirs.shape:
        return Comparison(name, float("inf"), tolerance)
    return Comparison(name, (ours.double() - theirs.double()).abs().max().item(), tolerance)


def exact(name: str, ours: Tensor, theirs: Tensor) -> Comparison:
    """Compare integers: the largest difference must be 0."""
    return close(name, ours, theirs, 0.0)


def exact_numbers(name: str, ours: list[int], theirs: list[int]) -> Comparison:
    """Compare numbers that a description states."""
    return exact(name, torch.tensor(ours), torch.tensor(theirs))
