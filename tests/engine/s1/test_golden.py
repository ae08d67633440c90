"""The language model does as the original does, in a batch with unrelated rows."""

import shutil
from pathlib import Path

import pytest
import torch

from tests.golden import __main__ as golden

VECTORS = Path(golden.__file__).parent / "vectors"


@pytest.mark.parametrize("name", golden.COMPARISONS)
def test_every_golden_value_is_met(name: str) -> None:
    comparisons = golden.compare(name, VECTORS)
    assert comparisons
    assert [comparison for comparison in comparisons if not comparison.is_met] == []
