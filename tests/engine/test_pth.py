"""What torch saves by name is read, and nothing of what else may be in such a file is kept."""

from collections import Counter, OrderedDict
from pathlib import Path
from typing import Any

import pytest
import torch

from engine.errors import CheckpointError
from engine.pytorch.pth import read_pth
from tests.engine.pickles import DICTIONARY, archive, unicode


def test_what_torch_saves_is_read(tmp_path: Path) -> None:
    path = tmp_path / "model.pth"
    shared = torch.arange(6.0).view(2, 3)
    tensors = OrderedDict(a=shared, b=shared.T, c=torch.nn.Parameter(shared.bfloat16()))
    torch.save({"state_dict": tensors}, path)
    found = read_pth(path)
    assert all(torch.equal(found[name], tensors[name]) for name in tensors)


@pytest.mark.parametrize(
    "kept",
    [
        [{"betas": (0.9, 0.999)}] * 3,
        Counter({3: 1}),
        b"bytes",
        {1, 2},
        1j,
        {(1, 2): torch.Size([3])},
        torch.nn.Buffer(torch.ones(2)),
    ],
    ids=str,
)
def test_what_else_a_training_run_keeps_is_left_alone(tmp_path: Path, kept: Any) -> None:  # noqa: ANN401
    path, model = tmp_path / "model.pth", torch.nn.Linear(2, 3)
    torch.save({"state_dict": model.state_dict(), "others": kept}, path)
    assert read_pth(path).keys() == {"weight", "bias"}


@pytest.mark.parametrize(
    ("pickled", "problem"),
    [
        (b"cos\nsystem\n.", r"data\.pkl: refused: more than tensors.* os\.system"),
        (b"}" + unicode("w") + b"cbuiltins\neval\nK\x01\x85Rs.", "refused: more than tensors"),
        (b"}" + unicode("w") + b"K\x01s.", "w: of the type int, not a tensor"),
        (b"}K\x01K\x01s.", "a int for the name of a tensor"),
        (b"]q\0.", "holds a list, not tensors by name"),
        (b"hello", "damaged|refused"),
        (b"h\x07.", "damaged|refused"),
        (b"s.", "damaged|refused"),
    ],
    ids=["code", "a call", "a number", "a key", "a list", "no pickle", "never put", "not there"],
)
def test_more_than_tensors_is_refused_with_its_reason(
    tmp_path: Path, pickled: bytes, problem: str
) -> None:
    with pytest.raises(CheckpointError, match=problem):
        read_pth(archive(tmp_path, pickled))


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
def test_a_pickle_of_another_kind_is_told_as_that(tmp_path: Path) -> None:
    path = tmp_path / "model.pth"
    torch.save({"w": torch.ones(2)}, path, pickle_protocol=4)
    with pytest.raises(CheckpointError, match=r"as torch\.save writes them by default: .*operand"):
        read_pth(path)


@pytest.mark.filterwarnings("ignore:.*quantize_per_tensor", "ignore:TypedStorage")
def test_a_quantized_tensor_is_none_whose_values_are_stored(tmp_path: Path) -> None:
    path = tmp_path / "model.pth"
    torch.save({"w": torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.qint8)}, path)
    with pytest.raises(CheckpointError, match="w: not stored whole"):
        read_pth(path)


@pytest.mark.parametrize("name", ["get", "items", "keys"])
def test_an_attribute_that_hides_a_method_changes_nothing(tmp_path: Path, name: str) -> None:
    hiding = DICTIONARY + b"}" + unicode(name) + unicode("x") + b"sb."
    assert read_pth(archive(tmp_path, hiding)) == {}


@pytest.mark.parametrize("name", ["numel", "detach", "aminmax"])
def test_no_attribute_of_a_stored_tensor_is_left(tmp_path: Path, name: str) -> None:
    tensor = torch.nn.Parameter(torch.ones(3))
    setattr(tensor, name, "x")
    path = tmp_path / "model.pth"
    torch.save({"w": tensor}, path)
    (found,) = read_pth(path).values()
    assert torch.equal(found, torch.ones(3))
    assert vars(found) == {}


def test_keys_reach_no_terminal_as_they_are(tmp_path: Path) -> None:
    hostile = "a\nb\x1b[2J" + "c" * 10_000
    with pytest.raises(CheckpointError) as caught:
        read_pth(archive(tmp_path, b"}" + unicode(hostile) + b"K\x01s."))
    assert caught.value.key == hostile
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 1_000
