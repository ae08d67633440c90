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


@pytest.mark.slow
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


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "key"),
    [
        ("b_prompt", "two_refs"),
        ("c_slow", "step_logits"),
        ("d_fast", "logits"),
        ("e_sampling", "case20_probs"),
        ("f_generate", "greedy_one_ref.codes"),
        ("f_generate", "greedy_two_refs.top2_gap"),
        ("i_e2e", "wave"),
        ("i_e2e", "sequence"),
        ("i_e2e", "top2_gap"),
        ("m_edges", "case2_probs"),
    ],
)
def test_a_single_altered_value_is_missed(tmp_path: Path, file: str, key: str) -> None:
    altered = tmp_path / f"{file}.safetensors"
    linked(tmp_path, without=altered.name)
    tensors = load_file(VECTORS / altered.name)
    tensors[key].view(-1)[-1] += 1
    save_file(tensors, altered)
    missed = [each for each in golden.compare(file, tmp_path) if not each.is_met]
    # Some values are compared in several ways.
    assert 1 <= len(missed) <= 5


def linked(folder: Path, *, without: str) -> None:
    for path in VECTORS.iterdir():
        if path.name != without:
            (folder / path.name).symlink_to(path)


def test_the_command_prints_a_line_for_each_file_and_exits_with_what_was_missed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    few = ("a_tokenizer", "b_prompt", "d_fast")
    monkeypatch.setattr(golden, "COMPARISONS", {name: golden.COMPARISONS[name] for name in few})
    assert golden.main([str(VECTORS)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(few)
    assert all(line.endswith("met") for line in lines)
    assert "of 0.0001" in lines[2]
    linked(tmp_path, without="b_prompt.json")
    assert golden.main([str(tmp_path)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(few)
    assert "No such file" in lines[1]
