"""What is compared is missed wherever it is not as near as it must be."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from tests.golden import __main__ as golden
from tests.golden.comparison import equal, near
from tests.golden.tensors import GoldenTensors


@pytest.mark.parametrize("shape", [(3,), (1, 2), (2, 1), ()])
def test_another_shape_is_missed_even_if_it_broadcasts(shape: tuple[int, ...]) -> None:
    assert not near("x", torch.zeros(shape), torch.zeros(2), 1.0).is_met
    assert not equal("x", torch.zeros(shape), torch.zeros(2)).is_met


def test_what_is_no_number_is_missed() -> None:
    numbers = torch.tensor([0.0, torch.nan])
    assert not near("x", numbers, torch.zeros(2), torch.inf).is_met
    assert not near("x", torch.zeros(2), numbers, torch.inf).is_met
    assert not equal("x", numbers, numbers).is_met


@pytest.mark.parametrize("ours", [[1], [1, 2, 3], [2, 1], []])
def test_another_list_is_missed(ours: list[int]) -> None:
    assert not equal("x", ours, [1, 2]).is_met


def test_a_tensor_that_nobody_reads_is_missed(tmp_path: Path) -> None:
    save_file({"read": torch.zeros(1), "left": torch.zeros(1)}, tmp_path / "x.safetensors")
    tensors = GoldenTensors(tmp_path / "x.safetensors")
    assert torch.equal(tensors["read"], torch.zeros(1))
    assert not tensors.all_read("x").is_met
    assert torch.equal(tensors["left"], torch.zeros(1))
    assert tensors.all_read("x").is_met


def test_a_file_without_anything_to_compare_is_missed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(golden, "COMPARISONS", {"x": (lambda _: [],)})
    assert golden.main([str(tmp_path)]) == 1
    assert "nothing to compare" in capsys.readouterr().out
