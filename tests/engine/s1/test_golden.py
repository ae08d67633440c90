"""The language model does as the original does, in a batch with unrelated rows."""

from pathlib import Path

import pytest

from engine.runners.s1.errors import CheckpointError
from tests.engine.s1.mistakes import MISTAKES
from tests.golden import __main__ as golden

VECTORS = Path(golden.__file__).parent / "vectors"


@pytest.mark.parametrize("name", golden.COMPARISONS)
def test_every_golden_value_is_met(name: str) -> None:
    comparisons = golden.compare(name, VECTORS)
    assert comparisons
    assert [comparison for comparison in comparisons if not comparison.is_met] == []


def pairs() -> list[tuple[str, str]]:
    return [(name, file) for name, mistake in MISTAKES.items() for file in mistake.caught_by]


@pytest.mark.parametrize(("name", "file"), pairs())
def test_every_planted_mistake_is_caught(
    name: str, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    MISTAKES[name].plant(monkeypatch)
    try:
        comparisons = golden.compare(file, VECTORS)
    except CheckpointError:
        # A mistake in reading a checkpoint may end there.
        return
    assert any(not comparison.is_met for comparison in comparisons)
