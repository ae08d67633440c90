"""l_variants, the language models' part: other sizes, spellings and defaults."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from engine.runners.s1.config import DualARConfig
from engine.runners.s1.language_model import LanguageModel
from tests.golden.comparison import Comparison, compare_tolerances, equal, near, read_json, within
from tests.golden.forcing import fast_logits
from tests.golden.language_model_mistakes import mistake
from tests.golden.spelling import compare_spelling
from tests.golden.tensors import GoldenTensors
from tests.golden.transformers import (
    FAST,
    SLOW,
    compare_columns,
    read_columns,
    read_whole_model,
    scored_states,
)

#: What a variant with a language model states; the others have a codec.
RESOLVED = "config_as_the_reference_resolves_it"


def compare_variants(folder: Path) -> Iterator[Comparison]:
    """Compare the folders of `l_variants`, and the language models in them."""
    golden = read_json(folder / "l_variants" / "l_variants.json")
    yield compare_tolerances("language models", golden["lm"]["tolerance"], {SLOW, FAST})
    variants = golden["variants"]
    found = [path.name for path in (folder / "l_variants").iterdir() if path.is_dir()]
    stated = [variant["folder"] for variant in variants.values()]
    yield equal("folders", sorted(found), sorted(stated))
    for name, variant in variants.items():
        if RESOLVED not in variant:
            continue
        checkpoint = folder / "l_variants" / variant["folder"]
        for comparison in _compare_variant(checkpoint, variant):
            yield Comparison(f"{name} {comparison.name}", comparison.largest, comparison.tolerance)


def _compare_variant(checkpoint: Path, variant: dict[str, Any]) -> Iterator[Comparison]:
    golden = GoldenTensors(checkpoint / "expected.safetensors")
    yield equal("tensors", golden.shapes(), variant["tensors"])
    yield from compare_spelling(checkpoint, "model", variant.get("checkpoint", {}))
    model = read_whole_model(checkpoint)
    resolved = variant[RESOLVED]
    ours = _resolved(model.config)
    yield equal("config", {key: ours[key] for key in resolved}, resolved)
    yield from compare_columns(model, golden, *read_columns(model, golden))
    states = golden["fast_hidden"]
    entering = torch.stack((golden["prefill_hidden"][-1], golden["step_hidden"][0]))
    yield near("fast_hidden", entering, states, SLOW)
    yield near("fast_input", model.fast.project(states), golden["fast_input"], SLOW)
    logits = fast_logits(model, states, golden["forced_codes"])
    yield near("fast_logits", logits, golden["fast_logits"], FAST)
    yield from _compare_rounding(variant)
    yield from _compare_mistakes(checkpoint, variant, golden)
    yield golden.all_read("expected")


def _compare_rounding(variant: dict[str, Any]) -> Iterator[Comparison]:
    for name, noise in variant.get("float32_rounding_noise_vs_float64", {}).items():
        yield within(f"rounding of {name}", noise, FAST if name == "fast_logits" else SLOW)


def _compare_mistakes(
    checkpoint: Path, variant: dict[str, Any], golden: GoldenTensors
) -> Iterator[Comparison]:
    """Compare how far away each mistake leads with what is stated."""
    for name, stated in variant.get("wrong_variants_max_abs_change", {}).items():
        wrong = _logits(read_whole_model(checkpoint, mistake=mistake(name)), golden)
        for key, change in stated.items():
            ours = (wrong[key] - golden[key]).abs().max()
            tolerance = FAST if key == "fast_logits" else SLOW
            yield near(f"{name}, {key}", ours, torch.tensor(change), tolerance)


def _logits(model: LanguageModel, golden: GoldenTensors) -> dict[str, Tensor]:
    states, steps = read_columns(model, golden)
    name, num_scored = scored_states(golden)
    entering = torch.stack((states[-1], steps[0]))
    return {
        name: model.head(states[-num_scored:]),
        "step_logits": model.head(steps),
        "fast_logits": fast_logits(model, entering, golden["forced_codes"]),
    }


def _resolved(config: DualARConfig) -> dict[str, object]:
    """Return our configuration in the original's words."""
    values: dict[str, object] = {
        "tie_word_embeddings": config.tie_word_embeddings,
        "scale_codebook_embeddings": config.scale_codebook_embeddings,
        "max_seq_len": config.max_seq_len,
        "n_fast_layer": config.fast.num_layers,
        "fast_dim": config.fast.dim,
        "fast_n_head": config.fast.num_heads,
        "rope_base": config.slow.rope_base,
        "norm_eps": config.slow.norm_eps,
    }
    for prefix, stack in (("", config.slow), ("fast_", config.fast)):
        values |= {
            f"{prefix}n_local_heads": stack.num_kv_heads,
            f"{prefix}head_dim": stack.head_dim,
            f"{prefix}intermediate_size": stack.ffn_dim,
            f"{prefix}attention_qkv_bias": stack.qkv_bias,
            f"{prefix}attention_qk_norm": stack.qk_norm,
            f"{prefix}attention_o_bias": stack.output_bias,
        }
    return values
