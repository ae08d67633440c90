"""Weights: all spellings become one, and a checkpoint that is wrong is named before it is used."""

import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from engine.pytorch.tensors import write_tensors
from engine.runners.s1.errors import CheckpointError
from engine.runners.s1.weights import read_weights, write_weights
from tests.engine.s1.tiny import random_weights, tiny_config

CONFIG = tiny_config()
Weights = dict[str, Tensor]


def bare() -> Weights:
    return random_weights(CONFIG)


def assert_same(found: Weights, expected: Weights) -> None:
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[name], expected[name]) for name in expected)


def split(weights: Weights) -> Weights:
    """Take queries, keys and values apart, last ones first."""
    name = "layers.0.attention.wqkv.weight"
    whole = weights.pop(name)
    q, k, v = whole.split((64, 32, 32))
    stem = "layers.0.attention."
    return {f"{stem}wv.weight": v, f"{stem}wk.weight": k, f"{stem}wq.weight": q} | weights


def spellings() -> dict[str, object]:
    prefixed = {f"model.{name}": weight for name, weight in bare().items()}
    return {
        "plain": bare(),
        "wrapped": {"state_dict": bare(), "epoch": 3},
        "prefixed": prefixed,
        "with an audio encoder": bare() | {"audio_projector.weight": torch.ones(3)},
        "split": split(bare()),
        "split, prefixed and wrapped": {
            "state_dict": {f"model.{name}": weight for name, weight in split(bare()).items()}
        },
    }


@pytest.mark.parametrize("spelling", spellings())
def test_every_spelling_is_the_same_model(tmp_path: Path, spelling: str) -> None:
    torch.save(spellings()[spelling], tmp_path / "model.pth")
    assert_same(read_weights(tmp_path, CONFIG), bare())


def test_safetensors_are_preferred(tmp_path: Path) -> None:
    (tmp_path / "model.pth").write_bytes(b"never read")
    save_file(bare(), tmp_path / "model.safetensors")
    assert_same(read_weights(tmp_path, CONFIG), bare())


def test_what_is_written_is_made_of_the_original_and_not_of_what_was_written_before(
    tmp_path: Path,
) -> None:
    torch.save(bare(), tmp_path / "model.pth")
    write_weights(tmp_path, CONFIG)
    changed = bare() | {"norm.weight": torch.full((32,), 2.0)}
    torch.save(changed, tmp_path / "model.pth")
    write_weights(tmp_path, CONFIG)
    assert_same(read_weights(tmp_path, CONFIG), changed)


def test_what_is_written_reads_the_same(tmp_path: Path) -> None:
    torch.save(spellings()["split, prefixed and wrapped"], tmp_path / "model.pth")
    path = write_weights(tmp_path, CONFIG)
    assert path == tmp_path / "model.safetensors"
    (tmp_path / "model.pth").unlink()
    assert_same(read_weights(tmp_path, CONFIG), bare())
    assert list(tmp_path.iterdir()) == [path]


def changed(name: str, value: Tensor | None) -> Callable[[Weights], Weights]:
    def change(weights: Weights) -> Weights:
        weights.pop(name, None)
        return weights if value is None else weights | {name: value}

    return change


def with_one(value: float) -> Callable[[Weights], Weights]:
    def change(weights: Weights) -> Weights:
        weights["norm.weight"][3] = value
        return weights

    return change


@pytest.mark.parametrize(
    ("change", "key", "problem"),
    [
        (changed("norm.weight", None), "norm.weight", "missing"),
        (changed("norm.weight", torch.ones(31)), "norm.weight", r"\(31,\), not \(32,\)"),
        (changed("norm.weight", torch.ones(32, dtype=torch.int8)), "norm.weight", "int8"),
        (with_one(torch.inf), "norm.weight", "not finite"),
        (with_one(-torch.inf), "norm.weight", "not finite"),
        (with_one(torch.nan), "norm.weight", "not finite"),
        (
            changed("norm.weight", torch.full((32,), 1e300, dtype=torch.float64)),
            "norm.weight",
            "beyond 1e",
        ),
        (with_one(3.4e38), "norm.weight", "beyond 1e"),
        (with_one(-3.4e38), "norm.weight", "beyond 1e"),
        (changed("norm.weight", torch.ones(32).to(torch.float8_e5m2)), "norm.weight", "float8"),
        (changed("layers.9.ffn_norm.weight", torch.ones(32)), "layers.9.ffn_norm.weight", "not a"),
        (
            changed("layers.1.attention.wq.weight", torch.ones(2, 2)),
            "layers.1.attention.wk.weight",
            "missing",
        ),
        (
            lambda weights: split(weights) | {"layers.0.attention.wqkv.weight": torch.ones(1)},
            "layers.0.attention.wqkv.weight",
            "as well",
        ),
        (
            lambda weights: split(weights) | {"layers.0.attention.wv.weight": torch.ones(2, 3, 4)},
            "layers.0.attention.wqkv.weight",
            "do not fit",
        ),
        (
            lambda weights: (
                split(weights)
                | {"layers.0.attention.wq.weight": torch.ones(64, 32, dtype=torch.int64)}
            ),
            "layers.0.attention.wq.weight",
            "int64",
        ),
    ],
)
@pytest.mark.parametrize("suffix", ["pth", "safetensors"])
def test_a_wrong_tensor_is_named(
    tmp_path: Path, change: Callable[[Weights], Weights], key: str, problem: str, suffix: str
) -> None:
    path = tmp_path / f"model.{suffix}"
    weights = {name: weight.contiguous().clone() for name, weight in change(bare()).items()}
    torch.save(weights, path) if suffix == "pth" else save_file(weights, path)
    with pytest.raises(CheckpointError, match=problem) as caught:
        read_weights(tmp_path, CONFIG)
    assert (caught.value.file, caught.value.key) == (path, key)


@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors")
@pytest.mark.filterwarnings("ignore:Sparse invariant checks")
@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda: torch.ones(32).to_sparse(), r"norm\.weight: not stored"),
        (lambda: torch.ones(32, device="meta"), r"norm\.weight: not stored"),
        (lambda: torch.nested.nested_tensor([torch.ones(32)]), r"data\.pkl: .*plain tensors"),
        (lambda: torch.ones(1).expand(32), r"norm\.weight: not stored whole"),
    ],
)
def test_a_tensor_whose_values_are_not_all_in_the_file_is_named(
    tmp_path: Path, make: Callable[[], Tensor], problem: str
) -> None:
    torch.save(bare() | {"norm.weight": make()}, tmp_path / "model.pth")
    with pytest.raises(CheckpointError, match=rf"model\.pth: {problem}"):
        read_weights(tmp_path, CONFIG)


@pytest.mark.parametrize("suffix", ["pth", "safetensors"])
def test_a_tensor_that_is_there_with_and_without_a_prefix_is_named(
    tmp_path: Path, suffix: str
) -> None:
    path = tmp_path / f"model.{suffix}"
    weights = {f"model.{name}": weight.clone() for name, weight in bare().items()}
    weights["norm.weight"] = torch.zeros(32)
    torch.save(weights, path) if suffix == "pth" else save_file(weights, path)
    with pytest.raises(CheckpointError, match="twice") as caught:
        read_weights(tmp_path, CONFIG)
    assert caught.value.key == "norm.weight"


def test_what_is_not_the_models_is_told_before_it_is_stacked(tmp_path: Path) -> None:
    parts = {f"other.{name}.weight": torch.zeros(2, 2) for name in ("wq", "wk", "wv")}
    torch.save(bare() | parts, tmp_path / "model.pth")
    with pytest.raises(CheckpointError, match=r"other\.w[qkv]\.weight: not a weight"):
        read_weights(tmp_path, CONFIG)


def test_parts_of_several_dtypes_are_not_stacked_into_the_largest(tmp_path: Path) -> None:
    wrapped: Any = spellings()["split, prefixed and wrapped"]
    weights = wrapped["state_dict"]
    key = next(key for key in weights if ".wq." in key)
    torch.save(weights | {key: weights[key].double()}, tmp_path / "model.pth")
    with pytest.raises(CheckpointError, match=r"wqkv.*: parts of several dtypes"):
        read_weights(tmp_path, CONFIG)


def test_a_header_that_takes_minutes_to_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes((5 << 20).to_bytes(8, "little") + b" " * (5 << 20))
    with pytest.raises(CheckpointError, match="has a header of 5242880 bytes of 4194304 allowed"):
        read_weights(tmp_path, CONFIG)


class Hostile:
    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.touch, (Path("hostile"),)


@pytest.mark.parametrize(
    "contents",
    [Hostile(), {"norm.weight": Hostile()}, {"norm.weight": 3}, {"state_dict": 3}, [1], {3: 4}],
)
def test_a_pth_that_holds_more_than_tensors_is_refused_and_not_run(
    tmp_path: Path, contents: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save(contents, tmp_path / "model.pth")
    with pytest.raises(CheckpointError, match=r"model\.pth"):
        read_weights(tmp_path, CONFIG)
    assert not Path("hostile").exists()


def test_a_bare_pickle_is_refused_and_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("model.pth").write_bytes(pickle.dumps(Hostile()))
    with pytest.raises(CheckpointError, match=r"model\.pth"):
        read_weights(tmp_path, CONFIG)
    assert not Path("hostile").exists()


@pytest.mark.parametrize("suffix", ["pth", "safetensors"])
def test_a_file_cut_anywhere_is_refused(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"model.{suffix}"
    torch.save(bare(), path) if suffix == "pth" else save_file(bare(), path)
    whole = path.read_bytes()
    for size in (0, 1, 7, 8, 100, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:size])
        with pytest.raises(CheckpointError, match=path.name):
            read_weights(tmp_path, CONFIG)


def test_a_damaged_directory_of_a_pth_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.pth"
    torch.save(bare(), path)
    whole = bytearray(path.read_bytes())
    at = whole.index(b"data.pkl")
    whole[at : at + 400] = bytes(400)
    path.write_bytes(whole)
    with pytest.raises(CheckpointError, match=path.name):
        read_weights(tmp_path, CONFIG)


@pytest.mark.parametrize(
    "program",
    [
        b"\x80\x02.",  # the stack is empty
        b"\x80\x02]a.",  # nothing to append
        b"\x80\x02K\x01Q.",  # no reference to a tensor
        b"\x80\x02ctorch\nfloat32\nK\x01\x85R.",  # not callable
        b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n)R.",  # too few arguments
    ],
)
def test_a_damaged_pickle_in_a_pth_is_refused(tmp_path: Path, program: bytes) -> None:
    with zipfile.ZipFile(tmp_path / "model.pth", "w") as archive:
        for name, contents in (
            ("data.pkl", program),
            ("version", b"3\n"),
            ("byteorder", b"little"),
        ):
            archive.writestr(f"archive/{name}", contents)
    with pytest.raises(CheckpointError, match=r"model\.pth: data\.pkl: (damaged|refused)"):
        read_weights(tmp_path, CONFIG)


def test_a_file_is_replaced_only_by_one_that_is_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "model.safetensors"
    save_file(bare(), path)
    before = path.read_bytes()

    def fail(_: int) -> None:
        raise OSError("the disk is gone")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(OSError, match="the disk is gone"):
        write_tensors({"other": torch.zeros(1)}, path, path)
    assert path.read_bytes() == before


def test_whoever_may_read_the_original_may_read_what_is_written(tmp_path: Path) -> None:
    original = tmp_path / "model.pth"
    torch.save(bare(), original)
    for mode in (0o644, 0o640):
        original.chmod(mode)
        write_tensors({"any": torch.zeros(1)}, tmp_path / "written", original)
        assert (tmp_path / "written").stat().st_mode & 0o777 == mode


def test_what_is_in_the_way_of_writing_is_named(tmp_path: Path) -> None:
    torch.save(bare(), tmp_path / "model.pth")
    (tmp_path / "model.safetensors.part").mkdir()
    with pytest.raises(OSError, match=r"model\.safetensors\.part: .*directory"):
        write_weights(tmp_path, CONFIG)


def test_a_folder_without_weights_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"model\.safetensors: missing"):
        read_weights(tmp_path, CONFIG)
