"""What is wrong with a checkpoint is said before it serves, with the file and the key."""

import json
import pickle
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from engine.errors import CheckpointError
from engine.runners.vits.model import load_checkpoint
from engine.runners.vits.reader import read_tokenizer
from tests.engine.conformance import Bench, pcm
from tests.engine.vits.tiny import CPU, VOCABULARY, make_runner

BIAS = "decoder.conv_pre.bias"


@pytest.fixture
def folder(checkpoint: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(checkpoint, tmp_path / "checkpoint"))


def change_json(file: Path, **fields: object) -> None:
    file.write_text(json.dumps(json.loads(file.read_text()) | fields))


def change_weights(folder: Path, change: Callable[[dict[str, Tensor]], object]) -> None:
    tensors = load_file(folder / "model.safetensors")
    change(tensors)
    save_file(tensors, folder / "model.safetensors")


def refusal(folder: Path) -> str:
    with pytest.raises(CheckpointError) as refused:
        load_checkpoint(folder, device=CPU)
    return str(refused.value)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("model_type", "llama", "config.json: model_type: 'llama' is not 'vits'"),
        ("hidden_size", "large", "config.json: Validation error for field 'hidden_size'"),
        ("hidden_size", 10**9, "config.json: hidden_size: 1000000000 is not a whole number"),
        ("hidden_size", 0, "config.json: hidden_size: 0 is not a whole number from 1"),
        ("flow_size", -1, "config.json: flow_size: -1 is not a whole number"),
        ("speaker_embedding_size", -1, "config.json: speaker_embedding_size: -1 is not a whole"),
        ("hidden_act", "no such function", "config.json: hidden_act: 'no such function' is no"),
        ("layer_norm_eps", float("nan"), "config.json: layer_norm_eps: nan is not a number"),
        ("duration_predictor_tail_bound", 1e-30, "config.json: duration_predictor_tail_bound"),
        ("noise_scale_duration", 1e10, "config.json: noise_scale_duration"),
        ("num_hidden_layers", 10**9, "config.json: num_hidden_layers: 1000000000"),
        ("num_hidden_layers", 0, "config.json: num_hidden_layers: 0 is not a whole number"),
        ("num_attention_heads", 3, "config.json: num_attention_heads: 3 do not divide 16"),
        ("num_attention_heads", 0, "config.json: num_attention_heads: 0 is not a whole number"),
        ("num_speakers", 2, "model.safetensors: embed_speaker.weight: missing"),
        ("noise_scale", float("nan"), "config.json: noise_scale: nan is not a number"),
        ("speaking_rate", 0.0, "config.json: speaking_rate"),
        ("sampling_rate", 1, "config.json: sampling_rate: 1 is not a whole number from 8000"),
        ("upsample_rates", [8, 3], "config.json: upsample_kernel_sizes"),
        ("upsample_rates", [], "config.json: Class validation error"),
        ("resblock_kernel_sizes", [3, 4], "config.json: resblock_kernel_sizes: an even size"),
        ("resblock_dilation_sizes", [[1, 10**9], [1, 3]], "config.json: resblock_dilation_sizes"),
        ("resblock_dilation_sizes", [1, [1, 3]], "resblock_dilation_sizes: 1 is not a list"),
        ("resblock_dilation_sizes", [[1, 3]], "config.json: resblock_dilation_sizes: not one list"),
        ("wavenet_dilation_rate", 10**9, "config.json: wavenet_dilation_rate"),
        ("depth_separable_channels", 4, "duration_predictor.flows.0.translate: has the shape"),
    ],
)
def test_a_wrong_value_of_the_config_is_named(
    folder: Path, key: str, value: object, said: str
) -> None:
    change_json(folder / "config.json", **{key: value})
    assert said in refusal(folder)


def test_sizes_that_no_weight_contradicts_and_that_do_not_speak_are_refused(folder: Path) -> None:
    # The original bounds a bin's height from below, and a thousand of them from above.
    bins = 1_500
    shape = (3 * bins - 1, 16, 1)

    def widen(tensors: dict[str, Tensor]) -> None:
        for name in list(tensors):
            if name.endswith("conv_proj.weight") and "flows" in name:
                tensors[name] = torch.zeros(shape)
                tensors[name.replace("weight", "bias")] = torch.zeros(shape[0])

    change_json(folder / "config.json", duration_predictor_flow_bins=bins)
    change_weights(folder, widen)
    assert "config.json: describes no speech: Minimal bin width" in refusal(folder)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda tensors: tensors.pop(BIAS), "missing"),
        (lambda tensors: tensors.update({BIAS: torch.zeros(3)}), r"has the shape \(3,\)"),
        (lambda tensors: tensors[BIAS].fill_(torch.inf), "has values that are not finite"),
        (lambda tensors: tensors.update({BIAS: tensors[BIAS].int()}), "has the dtype torch.int32"),
    ],
)
def test_a_wrong_tensor_is_named(
    folder: Path, change: Callable[[dict[str, Tensor]], object], problem: str
) -> None:
    change_weights(folder, change)
    assert re.search(rf"model\.safetensors: {re.escape(BIAS)}: {problem}", refusal(folder))


def test_a_direction_without_length_is_named(folder: Path) -> None:
    layer = "flow.flows.0.wavenet.in_layers.0"
    direction = f"{layer}.parametrizations.weight.original1"
    change_weights(folder, lambda tensors: tensors[direction].zero_())
    assert f"model.safetensors: {layer}.weight: has values that are not finite" in refusal(folder)


def test_a_tensor_of_another_model_is_named(folder: Path) -> None:
    change_weights(folder, lambda tensors: tensors.update({"lm_head.weight": torch.zeros(1)}))
    assert "model.safetensors: lm_head.weight: not a weight of this model" in refusal(folder)


@pytest.mark.parametrize(
    ("file", "contents"),
    [
        ("config.json", "{"),
        ("config.json", "[" * 100_000),
        ("model.safetensors", "cut off"),
        ("vocab.json", "[]"),
        ("vocab.json", '{"a": -1}'),
        ("vocab.json", '{"a": 1000000}'),
        ("vocab.json", "{}"),
        ("vocab.json", '{"<unk>": 0, "_": 1, "?": 2}'),
        ("tokenizer_config.json", "null"),
        ("tokenizer_config.json", '{"pad_token": 7, "phonemize": false}'),
    ],
)
def test_a_damaged_file_is_named(folder: Path, file: str, contents: str) -> None:
    (folder / file).write_text(contents)
    assert file in refusal(folder)


@pytest.mark.parametrize("language", [5, True, ["eng"], {"a": 1}, "\ud800", "no language"])
def test_what_is_no_language_is_named(folder: Path, language: object) -> None:
    change_json(folder / "tokenizer_config.json", language=language)
    assert "tokenizer_config.json: language: " in refusal(folder)


@pytest.mark.parametrize("language", [None, "", "eng", "azj-script_cyrillic", "zh_CN"])
def test_a_language_is_taken_as_it_is_written(folder: Path, language: str | None) -> None:
    change_json(folder / "tokenizer_config.json", language=language)
    assert read_tokenizer(folder, len(VOCABULARY))[1] == language


@pytest.mark.parametrize("file", ["config.json", "vocab.json", "tokenizer_config.json"])
def test_a_missing_file_is_named(folder: Path, file: str) -> None:
    (folder / file).unlink()
    assert file in refusal(folder)


def test_a_folder_without_weights_names_both_files_that_could_hold_them(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    assert "model.safetensors: missing, and so is pytorch_model.bin" in refusal(folder)


def test_a_file_that_would_run_code_is_refused(folder: Path) -> None:
    ran = folder / "ran"

    class Hostile:
        def __reduce__(self) -> tuple[object, tuple[object, ...]]:
            return Path.touch, (ran,)

    (folder / "model.safetensors").unlink()
    torch.save({BIAS: Hostile()}, folder / "pytorch_model.bin", pickle_module=pickle)
    assert "pytorch_model.bin: data.pkl: refused: more than tensors" in refusal(folder)
    assert not ran.exists()


def test_weights_of_older_spelling_and_of_training_sound_the_same(folder: Path) -> None:
    expected = pcm(Bench(make_runner(folder)).alone(1))
    tensors = load_file(folder / "model.safetensors")
    spellings = {"original0": "weight_g", "original1": "weight_v"}
    older = {}
    for name, tensor in tensors.items():
        for new, old in spellings.items():
            name = name.replace(f"parametrizations.weight.{new}", old)  # noqa: PLW2901
        if not name.startswith("posterior_encoder."):
            older[name] = tensor
    assert older.keys() != tensors.keys()
    older["discriminator.weight"] = torch.zeros(1)
    (folder / "model.safetensors").unlink()
    torch.save(older, folder / "pytorch_model.bin")
    assert (pcm(Bench(make_runner(folder)).alone(1)) == expected).all()


def test_a_weight_of_both_spellings_is_refused(folder: Path) -> None:
    path = folder / "model.safetensors"
    tensors = load_file(path)
    name = next(name for name in tensors if name.endswith("parametrizations.weight.original0"))
    twin = name.replace("parametrizations.weight.original0", "weight_g")
    save_file(tensors | {twin: tensors[name].clone()}, path)
    assert f"model.safetensors: {name}: there is this twice, under another name" in refusal(folder)


@pytest.mark.parametrize(
    ("card", "licence"),
    [
        ("---\ntags:\n- mms\nlicense: cc-by-nc-4.0\n---\n# A card\n", "cc-by-nc-4.0"),
        ('---\nlicense: "mit"\n---\n', "mit"),
        ("# A card\n\nlicense: mit\n", None),
        ("---\ntags: [mms]\n---\nlicense: mit\n", None),
        (None, None),
    ],
)
def test_the_licence_of_the_weights_is_that_of_the_card(
    folder: Path, card: str | None, licence: str | None
) -> None:
    if card is not None:
        (folder / "README.md").write_text(card)
    assert make_runner(folder).info.weights_licence == licence
