"""How far our numbers are from the golden ones."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

_TOLERANCE = re.compile(r"\d+(?:\.\d+)?e-\d+")


@dataclass(frozen=True, slots=True)
class Comparison:
    """One golden value, or tensor, and ours."""

    name: str
    #: The largest difference, or of what must be equal the number of values that are not.
    largest: float
    tolerance: float = 0.0

    @property
    def is_met(self) -> bool:
        """Tell whether ours is as near as it must be. What is no number is not."""
        return self.largest <= self.tolerance


def near(name: str, ours: Tensor, golden: Tensor, tolerance: float) -> Comparison:
    """Compare two tensors; other shapes differ without limit."""
    if ours.shape != golden.shape:
        return Comparison(name, torch.inf, tolerance)
    differences = (ours.double() - golden.double()).abs()
    return Comparison(name, float(differences.max()) if differences.numel() else 0.0, tolerance)


def equal(name: str, ours: object, golden: object) -> Comparison:
    """Compare two values, two tensors, or two lists element by element."""
    if isinstance(ours, Tensor) and isinstance(golden, Tensor):
        if ours.shape != golden.shape:
            return Comparison(name, torch.inf)
        return Comparison(name, float((ours != golden).sum()))
    if isinstance(ours, list) and isinstance(golden, list):
        return Comparison(name, _unequal(ours, golden))
    return Comparison(name, float(ours != golden))


def within(name: str, measured: float | None, tolerance: float) -> Comparison:
    """Compare what the original's own rounding came to, if it is stated, with what is borne."""
    if measured is None:
        return Comparison(name, 0.0, tolerance)
    return Comparison(name, measured if measured >= 0 else torch.inf, tolerance)


def compare_tolerances(name: str, text: str, ours: set[float]) -> Comparison:
    """Compare the tolerances that a text names with all of ours."""
    return equal(f"{name} tolerances", {float(each) for each in _TOLERANCE.findall(text)}, ours)


def read_json(path: Path) -> Any:  # noqa: ANN401 - each file has its own shape
    """Return the contents of a golden JSON file."""
    return json.loads(path.read_text(encoding="utf-8"))


def _unequal(ours: Sequence[object], golden: Sequence[object]) -> float:
    pairs = zip(ours, golden, strict=False)
    return sum(a != b for a, b in pairs) + abs(len(ours) - len(golden))
