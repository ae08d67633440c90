"""The language model does as the original does, in a batch with unrelated rows."""

from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

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


@pytest.mark.parametrize(
    ("file", "key"),
    [
        ("b_prompt", "two_refs"),
        ("c_slow", "step_logits"),
        ("d_fast", "logits"),
        ("e_sampling", "case20_probs"),
        ("f_generate", "greedy_one_ref.codes"),
        ("m_edges", "case2_probs"),
    ],
)
def test_a_single_altered_value_is_missed(tmp_path: Path, file: str, key: str) -> None:
    for path in VECTORS.iterdir():
        (tmp_path / path.name).symlink_to(path)
    altered = tmp_path / f"{file}.safetensors"
    altered.unlink()
    tensors = load_file(VECTORS / altered.name)
    tensors[key].view(-1)[-1] += 1
    save_file(tensors, altered)
    missed = [each for each in golden.compare(file, tmp_path) if not each.is_met]
    assert len(missed) in (1, 2)
