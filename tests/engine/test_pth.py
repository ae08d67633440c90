"""What torch saves by name is read, and nothing of what else may be in such a file is kept."""

import mmap
from collections import Counter, OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from engine.errors import CheckpointError
from engine.pytorch.archive import read_archive
from engine.pytorch.pth import find_stored
from engine.pytorch.stored import map_tensors
from tests.engine.pickles import DICTIONARY, archive, unicode


def read_pth(path: Path) -> dict[str, torch.Tensor]:
    return map_tensors(path, find_stored(path, read_archive(path)))


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
def test_a_quantized_tensor_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.pth"
    torch.save({"w": torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.qint8)}, path)
    with pytest.raises(CheckpointError, match="more than plain tensors"):
        read_pth(path)


#: Of a float32 storage "0" of any number of values, and a tensor of them.
STORAGE = b"(" + unicode("storage") + b"ctorch\nFloatStorage\n" + unicode("0") + unicode("cpu")


def tensor(num_stored: bytes, num_values: bytes) -> bytes:
    form = b"K\0" + num_values + b"\x85K\x01\x85\x89N"
    return b"ctorch._utils\n_rebuild_tensor_v2\n(" + STORAGE + num_stored + b"tQ" + form + b"tR"


def test_the_values_of_a_tensor_are_those_of_its_record(tmp_path: Path) -> None:
    pickled = b"}" + unicode("w") + tensor(b"K\x02", b"K\x02") + b"s."
    data = np.array([1.5, 2.5], np.float32).tobytes()
    assert read_pth(archive(tmp_path, pickled, data))["w"].tolist() == [1.5, 2.5]


@pytest.mark.parametrize(
    ("made", "problem"),
    [
        (b"ctorch\nTensor\nM\xe8\x03\x85R", "w: not stored in it as torch.save does"),
        (b"ctorch\nFloatTensor\nM\xe8\x03\x85R", "w: not stored in it as torch.save does"),
        (tensor(b"K\x40", b"K\x40"), "w: not stored whole"),
        (tensor(b"K\x02", b"K\x40"), "w: not stored whole"),
        (tensor(b"J\xff\xff\xff\x7f", b"J\xff\xff\xff\x7f"), "w: not stored whole"),
    ],
    ids=["of no values", "of an old type", "of a short record", "beyond its storage", "of 8 GB"],
)
def test_a_tensor_whose_values_are_not_in_the_file_is_named(
    tmp_path: Path, made: bytes, problem: str
) -> None:
    path = archive(tmp_path, b"}" + unicode("w") + made + b"s.", bytes(8))
    with pytest.raises(CheckpointError, match=problem):
        read_pth(path)


def test_tensors_of_the_same_values_are_together_no_larger_than_tied_weights_are(
    tmp_path: Path,
) -> None:
    path, tied = tmp_path / "model.pth", torch.arange(4_096.0)
    torch.save({"first": tied, "last": tied}, path)
    found = read_pth(path)
    assert torch.equal(found["first"], found["last"])
    torch.save({str(number): tied for number in range(100)}, path)
    with pytest.raises(CheckpointError, match="its tensors have 1638400 bytes, more"):
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


def test_a_name_that_is_no_text_is_told(tmp_path: Path) -> None:
    half = b"X" + (3).to_bytes(4, "little") + "\ud83d".encode("utf-8", "surrogatepass")
    with pytest.raises(CheckpointError, match="halves of surrogate pairs"):
        read_pth(archive(tmp_path, b"}" + half + tensor(b"K\x02", b"K\x02") + b"s.", bytes(8)))


def test_a_file_that_cannot_be_mapped_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "model.pth"
    torch.save({"w": torch.ones(3)}, path)

    def refuse(*_: object, **__: object) -> None:
        raise OSError(12, "Cannot allocate memory")

    monkeypatch.setattr(mmap, "mmap", refuse)
    with pytest.raises(CheckpointError, match=r"model\.pth: cannot be mapped .*allocate memory"):
        read_pth(path)


def test_keys_reach_no_terminal_as_they_are(tmp_path: Path) -> None:
    hostile = "a\nb\x1b[2J" + "c" * 10_000
    with pytest.raises(CheckpointError) as caught:
        read_pth(archive(tmp_path, b"}" + unicode(hostile) + b"K\x01s."))
    assert caught.value.key == hostile
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 1_000
