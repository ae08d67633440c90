"""Archives that torch saves: what is damaged or hostile in them is told before torch reads it."""

import struct
import zipfile
from collections import OrderedDict
from pathlib import Path

import pytest
import torch

from engine.errors import CheckpointError
from engine.pytorch.archive import check_archive
from engine.pytorch.tensors import read_tensors

PROTOCOL = b"\x80\x02"
DICTIONARY = b"ccollections\nOrderedDict\n)R"


def unicode(text: str) -> bytes:
    data = text.encode()
    return b"X" + struct.pack("<I", len(data)) + data


def nested_tuple(depth: int) -> bytes:
    """Return an empty tuple, then pairs of the last one: 2 to the power of `depth` in all."""
    return b")" + b"q\x01h\x01\x86" * depth


def archive(folder: Path, pickled: bytes, name: str = "data.pkl") -> Path:
    """Write what torch takes for its own, with this pickle."""
    path = folder / "model.pth"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr(f"model/{name}", PROTOCOL + pickled)
        file.writestr("model/byteorder", "little")
        file.writestr("model/version", "3\n")
    return path


def saved(folder: Path) -> Path:
    path = folder / "model.pth"
    torch.save({"w": torch.arange(4_096.0)}, path)
    return path


def test_what_torch_saves_passes(tmp_path: Path) -> None:
    path = tmp_path / "model.pth"
    shared = torch.arange(6.0).view(2, 3)
    tensors = OrderedDict(a=shared, b=shared.T, c=torch.nn.Parameter(shared.bfloat16()))
    torch.save({"state_dict": tensors}, path)
    check_archive(path)
    found = read_tensors(path)
    assert all(torch.equal(found[name], tensors[name]) for name in tensors)


def test_what_else_a_training_run_keeps_is_left_alone(tmp_path: Path) -> None:
    path, model, betas = tmp_path / "model.pth", torch.nn.Linear(2, 3), (0.9, 0.999)
    groups = [{"betas": betas, "sizes": (betas, betas)} for _ in range(3)]
    torch.save({"state_dict": model.state_dict(), "optimizer_states": groups}, path)
    assert read_tensors(path).keys() == {"weight", "bias"}


@pytest.mark.parametrize(
    ("pickled", "problem"),
    [
        (b"}" + nested_tuple(60) + b"K\x01s.", "more than tensors: SETITEM"),
        (b"}" + b")" + b"q\x01q\x02h\x02\x86" * 60 + b"K\x01s.", "more than tensors: SETITEM"),
        (b"}K\x01" + b"\x85" * 1_000_000 + b"K\x01s.", "more than tensors: SETITEM"),
        (
            b"}" + unicode("w") + b"cbuiltins\nbytearray\n\x8a\x05\0\0\0\0\x02\x85Rs.",
            "more than tensors: builtins bytearray",
        ),
        (b"cos\nsystem\n.", "more than tensors: os system"),
        (b"}" + unicode("w") + b"ctorch\nTensor\nK\x04K\x04\x86Rs.", "than tensors: torch Tensor"),
        (
            b"ctorch._utils\n_rebuild_device_tensor_from_cpu_tensor\n.",
            "more than tensors: torch._ut",
        ),
        (b"]q\0" + b"]h\0ah\0aq\0" * 60 + b"h\0)R.", "a call of what has no name"),
        (b"]q\0" + b"]h\0ah\0aq\0" * 60 + b"\x85Q.", "more than tensors: BINPERSID"),
        (b"ccollections\nOrderedDict\n]\x85R.", "a call of collections OrderedDict"),
        (b"ccollections\nOrderedDict\n)\x81.", "more than tensors: NEWOBJ"),
        (b"ccollections\nOrderedDict\n}b.", "more than tensors: BUILD"),
        (b"}" + unicode("w" * (5 << 20)) + b"K\x01s.", "bytes of 4194304 allowed"),
        (b"hello", "damaged: no pickle"),
        (b"h\x07.", "damaged: no pickle"),
        (b"s.", "damaged: no pickle"),
    ],
    ids=[
        "a tuple bomb",
        "one put twice",
        "a deep tuple",
        "an array of 8 GB",
        "code",
        "a tensor of no values",
        "a tensor of any size",
        "a call of a list bomb",
        "a list bomb for what is stored",
        "a dictionary of something",
        "an object without a call",
        "a type with attributes",
        "a pickle of 5 MB",
        "no pickle",
        "what was never put",
        "what is not there",
    ],
)
def test_a_hostile_pickle_is_refused_before_it_costs_anything(
    tmp_path: Path, pickled: bytes, problem: str
) -> None:
    with pytest.raises(CheckpointError, match=problem):
        read_tensors(archive(tmp_path, pickled))


def test_nothing_is_in_front_of_an_archive(tmp_path: Path) -> None:
    path = saved(tmp_path)
    path.write_bytes(path.read_bytes()[:-22] + path.read_bytes())
    with pytest.raises(CheckpointError, match="does not begin and end"):
        read_tensors(path)


def test_an_archive_ends_where_it_says(tmp_path: Path) -> None:
    path = saved(tmp_path)
    whole = bytearray(path.read_bytes())
    # Torch looks for the end of an archive there, Python before what says so.
    whole[whole.rindex(b"PK\6\7") + 8] ^= 1
    path.write_bytes(whole)
    with pytest.raises(CheckpointError, match="does not begin and end"):
        read_tensors(path)


@pytest.mark.parametrize("flags", [0x01, 0x20, 0x40], ids=["encrypted", "patched", "strong"])
def test_a_record_that_no_archive_of_torch_has_is_told(tmp_path: Path, flags: int) -> None:
    path = saved(tmp_path)
    whole = bytearray(path.read_bytes())
    whole[whole.index(b"PK\1\2") + 8] = flags
    path.write_bytes(whole)
    with pytest.raises(CheckpointError, match="damaged"):
        read_tensors(path)


def test_a_pickle_in_capitals_is_looked_at_as_well(tmp_path: Path) -> None:
    path = archive(tmp_path, b"cos\nsystem\n.", "DATA.PKL")
    with pytest.raises(CheckpointError, match="more than tensors: os system"):
        check_archive(path)


@pytest.mark.parametrize("name", ["get", "items", "keys"])
def test_an_attribute_that_hides_a_method_changes_nothing(tmp_path: Path, name: str) -> None:
    hiding = DICTIONARY + b"}" + unicode(name) + unicode("x") + b"sb."
    assert read_tensors(archive(tmp_path, hiding)) == {}


@pytest.mark.parametrize("name", ["numel", "detach", "aminmax"])
def test_no_attribute_of_a_stored_tensor_is_left(tmp_path: Path, name: str) -> None:
    tensor = torch.nn.Parameter(torch.ones(3))
    setattr(tensor, name, "x")
    path = tmp_path / "model.pth"
    torch.save({"w": tensor}, path)
    (found,) = read_tensors(path).values()
    assert torch.equal(found, torch.ones(3))
    assert vars(found) == {}


def test_zeros_where_bytes_were_missing_are_told_with_their_place(tmp_path: Path) -> None:
    path = saved(tmp_path)
    whole = path.read_bytes()
    middle = len(whole) // 2
    path.write_bytes(whole[:middle] + bytes(100) + whole[middle + 100 :])
    with pytest.raises(CheckpointError, match=r"model/data/0: damaged: not the bytes of its"):
        read_tensors(path)


def test_a_compressed_archive_is_told_as_that(tmp_path: Path) -> None:
    path, packed = saved(tmp_path), tmp_path / "packed.pth"
    with (
        zipfile.ZipFile(path) as plain,
        zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as other,
    ):
        for record in plain.infolist():
            other.writestr(record.filename, plain.read(record))
    with pytest.raises(CheckpointError, match="compressed"):
        read_tensors(packed)


def test_keys_reach_no_terminal_as_they_are(tmp_path: Path) -> None:
    hostile = "a\nb\x1b[2J" + "c" * 10_000
    with pytest.raises(CheckpointError) as caught:
        read_tensors(archive(tmp_path, b"}" + unicode(hostile) + b"K\x01s."))
    assert caught.value.key == hostile
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 1_000
