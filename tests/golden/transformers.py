"""`c_slow`, `d_fast`, `l_variants`: states and logits of both transformers, given every input."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from engine.runners.s1.config import DualARConfig, read_config
from engine.runners.s1.language_model import LanguageModel, assemble
from engine.runners.s1.weights import read_weights
from tests.golden.checkpoint import tokenizer_of
from tests.golden.comparison import Comparison, equal, near, read_json
from tests.golden.crowd import Crowd
from tests.golden.forcing import fast_logits
from tests.golden.tensors import GoldenTensors

_SLOW = 2e-4
_FAST = 1e-4
#: The prompt is read in pieces of this many columns.
_PIECE = 50
#: What a variant with a language model states; the others have a codec.
RESOLVED = "config_as_the_reference_resolves_it"


def compare_slow(folder: Path) -> Iterator[Comparison]:
    """Compare `c_slow.safetensors`."""
    golden = GoldenTensors(folder / "c_slow.safetensors")
    yield from _compare_slow(read_whole_model(folder / "checkpoint"), golden)
    yield golden.all_read("c_slow")


def compare_fast(folder: Path) -> Iterator[Comparison]:
    """Compare `d_fast.safetensors`."""
    golden = GoldenTensors(folder / "d_fast.safetensors")
    ours = fast_logits(
        read_whole_model(folder / "checkpoint"), golden["hidden"], golden["forced_codes"]
    )
    yield near("logits", ours, golden["logits"], _FAST)
    yield golden.all_read("d_fast")


def compare_variants(folder: Path) -> Iterator[Comparison]:
    """Compare the folders of `l_variants`, and the language models in them."""
    variants = read_json(folder / "l_variants" / "l_variants.json")["variants"]
    found = [path.name for path in (folder / "l_variants").iterdir() if path.is_dir()]
    stated = [variant["folder"] for variant in variants.values()]
    yield equal("folders", sorted(found), sorted(stated))
    for name, variant in variants.items():
        if RESOLVED not in variant:
            continue
        checkpoint = folder / "l_variants" / variant["folder"]
        for comparison in _compare_variant(checkpoint, variant):
            yield Comparison(f"{name} {comparison.name}", comparison.largest, comparison.tolerance)


def read_whole_model(checkpoint: Path, dtype: torch.dtype = torch.float32) -> LanguageModel:
    """Return a model that scores every row of its tables, as the golden logits do."""
    config = read_config(checkpoint)
    return assemble(
        config,
        read_weights(checkpoint, config),
        semantic_begin_id=tokenizer_of(checkpoint).semantic_begin_id,
        token_ids=torch.arange(config.vocab_size),
        num_codes=config.codebook_size,
        dtype=dtype,
        device=torch.device("cpu"),
    )


def _compare_slow(model: LanguageModel, golden: GoldenTensors) -> Iterator[Comparison]:
    prompt, frames = golden["prompt"].T, golden["step_frames"].T
    yield equal("codes of text", _codes_of_text(model, prompt), 0)
    crowd = Crowd(model, len(prompt) + len(frames))
    states = torch.cat([crowd.read(piece) for piece in prompt.split(_PIECE)])
    yield near("prefill_hidden", states, golden["prefill_hidden"], _SLOW)
    if "prefill_logits" in golden:
        yield near("prefill_logits", model.head(states), golden["prefill_logits"], _SLOW)
    else:
        last = model.head(states[-8:])
        yield near("prefill_logits_last8", last, golden["prefill_logits_last8"], _SLOW)
    steps = torch.cat([crowd.read(frame) for frame in frames.split(1)])
    yield near("step_hidden", steps, golden["step_hidden"], _SLOW)
    yield near("step_logits", model.head(steps), golden["step_logits"], _SLOW)


def _codes_of_text(model: LanguageModel, prompt: Tensor) -> int:
    """Count the codes in columns of text, which the model does not look at: there are none."""
    begin = model.draw_frames._semantic_begin_id
    is_text = (prompt[:, 0] < begin) | (prompt[:, 0] >= begin + model.config.codebook_size)
    return int(prompt[is_text, 1:].count_nonzero())


def _compare_variant(checkpoint: Path, variant: dict[str, Any]) -> Iterator[Comparison]:
    golden = GoldenTensors(checkpoint / "expected.safetensors")
    yield equal("tensors", golden.shapes(), variant["tensors"])
    model = read_whole_model(checkpoint)
    resolved = variant[RESOLVED]
    ours = _resolved(model.config)
    yield equal("config", {key: ours[key] for key in resolved}, resolved)
    yield from _compare_slow(model, golden)
    states = golden["fast_hidden"]
    entering = torch.stack((golden["prefill_hidden"][-1], golden["step_hidden"][0]))
    yield near("fast_hidden", entering, states, _SLOW)
    yield near("fast_input", model.fast.project(states), golden["fast_input"], _SLOW)
    logits = fast_logits(model, states, golden["forced_codes"])
    yield near("fast_logits", logits, golden["fast_logits"], _FAST)
    yield golden.all_read("expected")


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
