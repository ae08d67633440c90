"""What a folder may hold, and what it is told when it holds something else."""

import json
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from engine.errors import ModelUnavailable
from engine.runners.s1.codec import CheckpointError, CodecConfig, load_codec, read_codec_config
from tests.engine.s1.codec.test_golden import VECTORS
from tests.engine.s1.codec.tiny import CPU, random_codes
from tests.golden.streaming import decode_among_neighbours

Tensors = dict[str, Tensor]
SAFETENSORS_FILE, TORCH_FILE = "codec.safetensors", "codec.pth"
SOURCE = VECTORS / "l_variants" / "codec_generator"
GAIN, DIRECTION = "parametrizations.weight.original0", "parametrizations.weight.original1"


def stored() -> Tensors:
    """Return the tensors of a small checkpoint under their plain names."""
    wrapped = torch.load(SOURCE / TORCH_FILE, weights_only=True)["state_dict"]
    return {
        name.removeprefix("generator."): tensor
        for name, tensor in wrapped.items()
        if name.startswith("generator.")
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with the sizes of `stored`, and no weights yet."""
    dims = (SOURCE / "codec_dims.json").read_text(encoding="utf-8")
    (tmp_path / "codec_dims.json").write_text(dims, encoding="utf-8")
    return tmp_path


def loaded_sound(folder: Path) -> Tensor:
    codec = load_codec(folder, CPU, torch.float32)
    return decode_among_neighbours(codec.decoder, random_codes(1, 4))


def in_old_spelling(tensors: Tensors) -> Tensors:
    return {
        name.replace(GAIN, "weight_g").replace(DIRECTION, "weight_v"): tensor
        for name, tensor in tensors.items()
    }


def in_plain_spelling(tensors: Tensors) -> Tensors:
    plain = {}
    for name, tensor in in_old_spelling(tensors).items():
        if name.endswith("weight_v"):
            gain = in_old_spelling(tensors)[name.replace("weight_v", "weight_g")]
            folded = tensor * (gain / tensor.flatten(1).norm(dim=1).view_as(gain))
            plain[name.replace("weight_v", "weight")] = folded
        elif not name.endswith("weight_g"):
            plain[name] = tensor
    return plain


@pytest.mark.parametrize(
    "spelled",
    [
        lambda tensors: tensors,
        in_old_spelling,
        in_plain_spelling,
        lambda tensors: {"state_dict": tensors},
        lambda tensors: {f"generator.{name}": tensor for name, tensor in tensors.items()},
    ],
)
def test_every_spelling_of_a_checkpoint_sounds_the_same(
    folder: Path, spelled: Callable[[Tensors], object]
) -> None:
    torch.save(spelled(stored()), folder / TORCH_FILE)
    assert torch.allclose(loaded_sound(folder), loaded_sound(SOURCE), atol=1e-6, rtol=0)


def test_safetensors_are_preferred(folder: Path) -> None:
    save_file(stored(), folder / SAFETENSORS_FILE)
    (folder / TORCH_FILE).write_bytes(b"damaged")
    assert torch.equal(loaded_sound(folder), loaded_sound(SOURCE))


KEY = "decoder.model.6.conv.bias"
DIRECTION_KEY = f"decoder.model.6.conv.{DIRECTION}"


@pytest.mark.parametrize(
    ("change", "key", "problem"),
    [
        ({KEY: None}, KEY, "missing"),
        ({KEY: torch.zeros(2)}, KEY, r"has the shape \(2,\), not \(1,\)"),
        ({KEY: torch.zeros(1, dtype=torch.int64)}, KEY, "has the dtype torch.int64"),
        ({KEY: torch.tensor([float("nan")])}, KEY, "not finite"),
        ({KEY: torch.tensor([1e300], dtype=torch.float64)}, KEY, "beyond 1e"),
        ({DIRECTION_KEY: torch.zeros(1, 2, 7)}, DIRECTION_KEY, "not finite"),
        ({"decoder.model.7.conv.bias": torch.zeros(1)}, "decoder.model.7.conv.bias", "no part"),
    ],
)
def test_a_wrong_tensor_is_named(
    folder: Path, change: dict[str, Tensor | None], key: str, problem: str
) -> None:
    changed = {name: tensor for name, tensor in (stored() | change).items() if tensor is not None}
    file = folder / SAFETENSORS_FILE
    save_file(changed, file)
    with pytest.raises(CheckpointError, match=problem) as caught:
        load_codec(folder, CPU, torch.float32)
    assert (caught.value.file, caught.value.key) == (file, key)
    assert isinstance(caught.value, ModelUnavailable)


class Hostile:
    def __reduce__(self) -> tuple[Callable[[str], object], tuple[str]]:
        return Path.touch, (Path("run"),)  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("write", "problem"),
    [
        (lambda file: file.write_bytes(b""), "damaged"),
        (lambda file: file.write_bytes(b"PK\x03\x04 and no more"), "damaged"),
        (lambda file: file.write_bytes(pickle.dumps({"a": Hostile()})), "damaged"),
        (lambda file: torch.save({"a": Hostile()}, file), "more than tensors"),
        (lambda file: torch.save([torch.zeros(1)], file), "holds a list"),
        (lambda file: torch.save({"a": 1}, file), "a: of the type int, not a tensor"),
    ],
)
def test_a_damaged_or_hostile_file_is_refused_unrun(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    write: Callable[[Path], object],
    problem: str,
) -> None:
    monkeypatch.chdir(folder)
    write(folder / TORCH_FILE)
    with pytest.raises(CheckpointError, match=problem):
        load_codec(folder, CPU, torch.float32)
    assert not (folder / "run").exists()


def test_damaged_safetensors_are_refused(folder: Path) -> None:
    save_file(stored(), folder / SAFETENSORS_FILE)
    whole = (folder / SAFETENSORS_FILE).read_bytes()
    (folder / SAFETENSORS_FILE).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(CheckpointError, match="not readable"):
        load_codec(folder, CPU, torch.float32)


def test_a_folder_without_weights_says_what_it_lacks(folder: Path) -> None:
    with pytest.raises(CheckpointError, match=r"codec.safetensors: missing, and so is codec.pth"):
        load_codec(folder, CPU, torch.float32)


def test_a_folder_without_sizes_has_those_of_the_release(tmp_path: Path) -> None:
    config = read_codec_config(tmp_path)
    assert config == CodecConfig()
    assert config.frame_samples == 2048
    assert config.codebook_sizes == (4096, *(1024,) * 9)


def without(key: str) -> Callable[[dict[str, object]], None]:
    return lambda dims: dims.pop(key)  # type: ignore[return-value]


def with_value(key: str, value: object) -> Callable[[dict[str, object]], None]:
    return lambda dims: dims.update({key: value})


def both(
    one: Callable[[dict[str, object]], None], other: Callable[[dict[str, object]], None]
) -> Callable[[dict[str, object]], None]:
    def changed(dims: dict[str, object]) -> None:
        one(dims)
        other(dims)

    return changed


def within(
    section: str, change: Callable[[dict[str, object]], None]
) -> Callable[[dict[str, object]], None]:
    def changed(dims: dict[str, object]) -> None:
        inner = dims[section]
        assert isinstance(inner, dict)
        change(inner)

    return changed


@pytest.mark.parametrize(
    ("change", "key", "problem"),
    [
        (without("decoder_dim"), "decoder_dim", "is missing"),
        (with_value("encoder_dim", "64"), "encoder_dim", "not a whole number"),
        (with_value("encoder_dim", True), "encoder_dim", "not a whole number"),
        (with_value("encoder_dim", 0), "encoder_dim", "0 is not a whole number from 1"),
        (with_value("encoder_dim", 4), "encoder_dim", "ends at 64 channels, not at 32"),
        (with_value("decoder_dim", 24), "decoder_dim", "cannot be halved"),
        (with_value("decoder_rates", [8, 8, 4, 4]), "decoder_rates", "4096 of 2048"),
        (
            with_value("decoder_rates", [8, 8, 4, 0]),
            "decoder_rates",
            "0 is not a whole number from 1",
        ),
        (with_value("decoder_rates", [8.0]), "decoder_rates", "8.0 is not a whole number"),
        (with_value("encoder_transformer_layers", [0]), "encoder_transformer_layers", "1 of 4"),
        (with_value("decoder_rates", [1] * 17), "decoder_rates", "not a list of 1 to 16"),
        (with_value("sample_rate", 1), "sample_rate", "1 is not a whole number from 8000"),
        (with_value("sample_rate", 10**30), "sample_rate", "to 48000"),
        (with_value("quantizer", 3), "quantizer", "not an object"),
        (within("quantizer", without("pre_module")), "quantizer.pre_module", "is missing"),
        (within("quantizer", with_value("input_dim", 8)), "quantizer.pre_module.input_dim", "is"),
        (
            within("quantizer", within("pre_module", within("config", with_value("dim", 8)))),
            "quantizer.pre_module.config.dim",
            "is not the quantizer's",
        ),
        (
            within("quantizer", within("post_module", with_value("causal", False))),
            "quantizer.post_module.causal",
            "must be true",
        ),
        (
            within("quantizer", within("post_module", with_value("causal", 0))),
            "quantizer.post_module.causal",
            "neither true nor false",
        ),
        (
            within("transformer_general_config", with_value("n_local_heads", 2)),
            "transformer_general_config.n_local_heads",
            "share keys",
        ),
        (
            both(
                with_value("encoder_transformer_layers", [0, 1, 0, 1]),
                within("transformer_general_config", with_value("head_dim", 16)),
            ),
            "transformer_general_config.head_dim",
            "a block has 8 channels, so no head",
        ),
        (
            within("quantizer", with_value("n_codebooks", 10**10)),
            "quantizer.n_codebooks",
            "not a whole number from 1 to 64",
        ),
        (
            within("quantizer", within("post_module", with_value("window_size", 10**12))),
            "quantizer.post_module.window_size",
            "not a whole number from 1 to 4096",
        ),
        (
            within("transformer_general_config", with_value("head_dim", 3)),
            "transformer_general_config.head_dim",
            "must be even",
        ),
        (
            within("transformer_general_config", with_value("rope_base", 10**400)),
            "transformer_general_config.rope_base",
            "is not a number",
        ),
        (
            within("transformer_general_config", with_value("rope_base", float("nan"))),
            "transformer_general_config.rope_base",
            "nan is not a number",
        ),
    ],
)
def test_a_wrong_size_is_named(
    folder: Path, change: Callable[[dict[str, object]], None], key: str, problem: str
) -> None:
    file = folder / "codec_dims.json"
    dims = json.loads(file.read_text(encoding="utf-8"))
    change(dims)
    file.write_text(json.dumps(dims), encoding="utf-8")
    with pytest.raises(CheckpointError, match=problem) as caught:
        read_codec_config(folder)
    assert (caught.value.file, caught.value.key) == (file, key)


@pytest.mark.parametrize("text", ["", "{", "[]", "\xff", "[" * 100_000])
def test_sizes_that_are_no_json_object_are_refused(folder: Path, text: str) -> None:
    (folder / "codec_dims.json").write_text(text, encoding="latin-1")
    with pytest.raises(CheckpointError):
        read_codec_config(folder)
