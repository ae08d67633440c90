"""Other golden folders: one that was altered or lacks something is missed, all others are met."""

import json
import operator
import shutil
from collections.abc import Callable
from functools import reduce
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file, save_file
from torch import Tensor

from tests.engine.s1.test_golden import VECTORS
from tests.golden import __main__ as golden

Change = Callable[[Path], None]

_FILES = ("MANIFEST.json", "files")
_EDGES = ("m_edges.json", "sampling", "cases")
_WHOLE = "case3_probs_nothing_removed"
_VARIANTS = ("l_variants/l_variants.json", "variants")
_SPLIT = (*_VARIANTS, "fast_projection_split_qkv")
_CHANGE = ("wrong_variants_max_abs_change",)
_ENTRIES = ("wrong_variants_entries_that_change",)
_TEXTS = ("wrong_variants", "texts_whose_ids_change")
_WINDOWS = ("wrong_variants_steps_that_change_in_history_distinct",)
_CODEC = "l_variants/codec_generator"
_DIMS = f"{_CODEC}/codec_dims.json"
_GENERAL = ("transformer_general_config",)
_MODULE, _OTHER_MODULE = (("quantizer", f"{at}_module", "config") for at in ("pre", "post"))
_FULL_CONFIG = "l_variants/fast_projection_split_qkv/config.json"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a copy that may be changed, but for the checkpoint."""
    copy = tmp_path / "vectors"
    shutil.copytree(VECTORS, copy, ignore=lambda *_: ["checkpoint"])
    (copy / "checkpoint").symlink_to(VECTORS / "checkpoint")
    return copy


def stating(file: str, *keys: str | int, value: object) -> Change:
    """State another value in a JSON file, at such keys."""

    def state(holder: Any, key: str | int) -> None:  # noqa: ANN401 - a list or a mapping
        holder[key] = value

    return _altering(file, keys, state)


def without(file: str, *keys: str | int) -> Change:
    """Leave out of a JSON file what stands at such keys."""
    return _altering(file, keys, operator.delitem)


def _altering(
    file: str, keys: tuple[str | int, ...], alter: Callable[[Any, str | int], None]
) -> Change:
    def change(folder: Path) -> None:
        path = folder / file
        whole = json.loads(path.read_text(encoding="utf-8"))
        alter(reduce(operator.getitem, keys[:-1], whole), keys[-1])
        path.write_text(json.dumps(whole), encoding="utf-8")

    return change


def adding(file: str, name: str, at: int, *, amount: float = 1) -> Change:
    """Add something to a value of a tensor."""

    def change(folder: Path) -> None:
        tensors = load_file(folder / file)
        tensors[name].view(-1)[at] += amount
        save_file(tensors, folder / file)

    return change


def swapping_merges(vocabulary: str, rank: int) -> Change:
    """Join the parts of one token before those of the token that came before it."""

    def change(folder: Path) -> None:
        path = folder / vocabulary / "tokenizer.tiktoken"
        lines = path.read_text(encoding="utf-8").splitlines()
        (earlier, _), (later, _) = (line.split() for line in lines[rank : rank + 2])
        lines[rank : rank + 2] = [f"{later} {rank}", f"{earlier} {rank + 1}"]
        path.write_text("\n".join(lines), encoding="utf-8")

    return change


def in_each_transformer(key: str, value: object) -> Change:
    """State another value for each transformer of a codec."""

    def change(folder: Path) -> None:
        for part in (_GENERAL, _MODULE, _OTHER_MODULE):
            stating(_DIMS, *part, key, value=value)(folder)

    return change


def without_margins(folder: Path) -> None:
    """Have no margin be safe, so that a code may be wrong."""
    path = folder / _CODEC / "expected.safetensors"
    tensors = load_file(path)
    tensors["margin"][0] = 0
    tensors["encoded_codes"][3, 2] += 1
    save_file(tensors, path)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("MANIFEST", stating(*_FILES, "j_tokenizer.json", "texts", value=81)),
        (
            "MANIFEST",
            stating(*_FILES, "l_variants/l_variants.json", "bytes", value=9),
        ),
        (
            "MANIFEST",
            stating(*_FILES, "d_fast.safetensors", "tolerance", value="1e-3"),
        ),
        ("MANIFEST", stating("MANIFEST.json", "mutations", 0, "effect", value="{'a.wrong': 99}")),
        ("MANIFEST", stating("MANIFEST.json", "mutations", 0, "effect", value="{'b.third': 1}")),
        ("checkpoint", stating("j_tokenizer/special_tokens.json", "<|pad|>", value=7)),
        ("checkpoint", stating(_DIMS, "sample_rate", value=44_101)),
        ("checkpoint", stating(_DIMS, *_MODULE, "block_size", value=47)),
        ("checkpoint", stating(_DIMS, *_MODULE, "rope_base", value=10_001)),
        ("checkpoint", stating(_DIMS, *_MODULE, "dropout_rate", value=0.2)),
        ("checkpoint", stating(_DIMS, *_GENERAL, "n_local_heads", value=0)),
        ("checkpoint", stating(_DIMS, "decoder_transformer_layers", value=[0, 0, 0])),
        ("checkpoint", swapping_merges("l_variants/defaults_tied", 270)),
        ("b_prompt", without("b_prompt.json", "one_ref")),
        ("c_slow", adding("c_slow.safetensors", "prompt", -1)),
        ("c_slow", adding("c_slow.safetensors", "step_frames", 27)),
        ("j_tokenizer", stating("j_tokenizer.json", *_TEXTS, "no rule 7", value=4)),
        ("k_penalty", stating("k_penalty.json", "histories", 0, "steps", value=[])),
        ("k_penalty", stating("k_penalty.json", *_WINDOWS, "window of 17", "steps", value=5)),
        ("k_penalty", stating("k_penalty.json", "histories", 0, "columns", 0, 1, value=0)),
        ("l_variants", stating(*_SPLIT, "checkpoint", "model_prefix", value=False)),
        ("l_variants", stating(*_SPLIT, *_CHANGE, "norm_eps x10", "fast_logits", value=0.0)),
        ("l_variants", adding(f"{_CODEC}/expected.safetensors", "margin", 29)),
        ("l_variants", stating(*_VARIANTS, "codec_generator", "min_margin", value=0.1)),
        ("l_variants", stating(*_VARIANTS, "defaults_tied", "tensors", value={})),
        ("l_variants", without_margins),
        ("l_variants", without("l_variants/l_variants.json", "variants", "defaults_tied")),
        ("h_encode", without("h_encode.json", 2)),
        ("m_edges", adding("m_edges.safetensors", "case13_probs", 192)),
        ("m_edges", adding("m_edges.safetensors", _WHOLE, 23)),
        ("m_edges", adding("m_edges.safetensors", _WHOLE, 2, amount=0.01)),
        ("m_edges", adding("m_edges.safetensors", "pcm_reference", -1)),
        ("m_edges", stating("m_edges.json", "pcm16", *_ENTRIES, "floor", value=95)),
        ("m_edges", stating("m_edges.json", "tensors", "window", value=[[16], "int64"])),
        ("m_edges", stating(*_EDGES, 3, "n_nonzero", value=12)),
        ("m_edges", stating(*_EDGES, 3, "n_removed_because_rounded_cumsum_exceeds_1", value=0)),
        ("m_edges", stating(*_EDGES, 3, "exact_mass_of_zero_entries", value=0.5)),
        ("m_edges", stating(*_EDGES, 0, "max_abs_to_nothing_removed", value=0.5)),
        ("m_edges", stating(*_EDGES, 0, "rounding_dependent", value=True)),
        ("m_edges", stating(*_EDGES, 5, "exact_mass_of_zero_entries", value=0.0)),
        ("m_edges", stating(*_EDGES, 0, "cumprob_margin", value=0.0)),
        ("m_edges", stating(*_EDGES, 6, "temperature", value=0.1)),
    ],
)
def test_whatever_a_folder_states_is_compared(name: str, change: Change, folder: Path) -> None:
    change(folder)
    assert not golden.is_met(name, folder)


@pytest.mark.parametrize(
    "change",
    [
        stating(_FULL_CONFIG, "dropout", value=0.1),
        stating(_FULL_CONFIG, "initializer_range", value=0.02),
        stating(_FULL_CONFIG, "use_gradient_checkpointing", value=False),
        stating(_DIMS, "quantizer", "quantizer_dropout", value=0.0),
        stating(_DIMS, "decoder_transformer_layers", value=[4, 0, 0, 0]),
        stating(_DIMS, *_MODULE, "n_local_heads", value=2),
        in_each_transformer("dropout_rate", 0.0),
        in_each_transformer("norm_eps", 1e-6),
        in_each_transformer("channels_first", False),
    ],
)
def test_what_no_result_depends_on_may_be_otherwise(change: Change, folder: Path) -> None:
    change(folder)
    assert golden.is_met("checkpoint", folder)


def test_vocabularies_may_rank_their_tokens_in_any_order(folder: Path) -> None:
    path = folder / "l_variants" / "defaults_tied" / "tokenizer.tiktoken"
    lines = path.read_text(encoding="utf-8").splitlines()
    tokens = [line.split()[0] for line in reversed(lines)]
    ranked = [f"{token} {rank}" for rank, token in enumerate(tokens)]
    path.write_text("\n".join(ranked), encoding="utf-8")
    assert golden.is_met("checkpoint", folder)


@pytest.mark.parametrize("part", [_CODEC, f"{_CODEC}/codec_dims.json"])
def test_a_part_that_is_gone_is_an_error(part: str, folder: Path) -> None:
    gone = folder / part
    gone.rename(folder / "elsewhere")
    assert not golden._run("l_variants", folder)


def test_names_of_cases_may_end_alike(folder: Path) -> None:
    tensors = load_file(folder / "h_encode.safetensors")
    cases = json.loads((folder / "h_encode.json").read_text(encoding="utf-8"))[:2]
    renamed: dict[str, Tensor] = {}
    for case, name in zip(cases, ("a", "zz_a"), strict=True):
        old, case["case"] = case["case"], name
        renamed |= {key.replace(old, name): tensor for key, tensor in tensors.items() if old in key}
    save_file(renamed, folder / "h_encode.safetensors")
    (folder / "h_encode.json").write_text(json.dumps(cases), encoding="utf-8")
    assert golden.is_met("h_encode", folder)


def test_special_tokens_may_have_any_names_in_any_order(folder: Path) -> None:
    path = folder / "j_tokenizer" / "special_tokens.json"
    first, second, *others = json.loads(path.read_text(encoding="utf-8"))
    renamed = dict.fromkeys([second, f"{first}!", *others], 0)
    path.write_text(json.dumps(renamed), encoding="utf-8")
    assert golden.is_met("j_tokenizer", folder)


def test_numbers_of_special_tokens_may_be_in_no_order_at_all(folder: Path) -> None:
    path = folder / "j_tokenizer" / "special_tokens.json"
    names = list(json.loads(path.read_text(encoding="utf-8")))
    path.write_text(json.dumps({name: at**2 for at, name in enumerate(names)}), encoding="utf-8")
    assert golden.is_met("checkpoint", folder)


def test_prompts_may_have_any_number_of_codebooks_of_any_size(folder: Path) -> None:
    path = folder / "j_tokenizer.json"
    tokenizer = json.loads(path.read_text(encoding="utf-8"))
    for case in tokenizer["prompts"]:
        case["rows"] = case["rows"][:9]
        for reference in case["refs"]:
            reference["codes"] = reference["codes"][:8]
            reference["codes"][1][0] = 2_000
    with_codes = next(case for case in tokenizer["prompts"] if case["refs"])
    begins = tokenizer["semantic_begin_id"]
    frame = next(at for at, token in enumerate(with_codes["rows"][0]) if token >= begins)
    with_codes["rows"][2][frame] = 2_000
    path.write_text(json.dumps(tokenizer), encoding="utf-8")
    assert golden.is_met("j_tokenizer", folder)
