"""`c_slow`, `d_fast`, `l_variants`: states and logits of both transformers, given every input."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor

from engine.runners.s1.config import DualARConfig, read_config
from engine.runners.s1.frame_cache import FrameKeyValues
from engine.runners.s1.language_model import LanguageModel, assemble
from engine.runners.s1.tokenizer import read_tokenizer
from engine.runners.s1.weights import read_weights
from tests.golden.comparison import Comparison, equal, near, read_json
from tests.golden.crowd import Crowd

_SLOW = 2e-4
_FAST = 1e-4
#: The prompt is read in pieces of this many columns.
_PIECE = 50
_NUM_NEIGHBOURS = 3


def compare_slow(folder: Path) -> Iterator[Comparison]:
    """Compare `c_slow.safetensors`."""
    golden = load_file(folder / "c_slow.safetensors")
    yield from _compare_slow(read_whole_model(folder / "checkpoint"), golden)


def compare_fast(folder: Path) -> Iterator[Comparison]:
    """Compare `d_fast.safetensors`."""
    golden = load_file(folder / "d_fast.safetensors")
    ours = fast_logits(
        read_whole_model(folder / "checkpoint"), golden["hidden"], golden["forced_codes"]
    )
    yield near("logits", ours, golden["logits"], _FAST)


def compare_variants(folder: Path) -> Iterator[Comparison]:
    """Compare the language models in `l_variants`."""
    described = read_json(folder / "l_variants" / "l_variants.json")
    for name, variant in described["variants"].items():
        if "config_as_the_reference_resolves_it" not in variant:
            continue
        checkpoint = folder / "l_variants" / variant["folder"]
        for comparison in _compare_variant(checkpoint, variant):
            yield Comparison(f"{name} {comparison.name}", comparison.largest, comparison.tolerance)


def read_whole_model(checkpoint: Path, dtype: torch.dtype = torch.float32) -> LanguageModel:
    """Return a model that scores every row of its tables, as the golden logits do."""
    config = read_config(checkpoint)
    tokenizer = read_tokenizer(
        checkpoint, codebook_size=config.codebook_size, vocab_size=config.vocab_size
    )
    return assemble(
        config,
        read_weights(checkpoint, config),
        semantic_begin_id=tokenizer.semantic_begin_id,
        token_ids=torch.arange(config.vocab_size),
        num_codes=config.codebook_size,
        dtype=dtype,
        device=torch.device("cpu"),
    )


def fast_logits(model: LanguageModel, states: Tensor, codes: Tensor) -> Tensor:
    """Return the logits (B, num_codebooks, codes) after `states` (B, dim) and given `codes`.

    The first two positions are one pass, and other rows stand before and after those asked for.
    """
    generator = torch.Generator().manual_seed(0)
    fast = model.fast
    around = torch.randn(_NUM_NEIGHBOURS, states.shape[1], generator=generator)
    states = torch.cat((around, states, around)).to(model.dtype)
    others = torch.randint(
        fast.num_scored, (_NUM_NEIGHBOURS, fast.num_positions), generator=generator
    )
    codes = torch.cat((others, codes, others))
    key_values = FrameKeyValues(
        fast.config, len(states), fast.num_positions, dtype=model.dtype, device=model.device
    )
    inputs = [fast.embed(codes[:, codebook]) for codebook in range(fast.num_positions - 1)]
    passes = [torch.stack((fast.project(states), inputs[0]), dim=1)]
    passes += [given[:, None] for given in inputs[1:]]
    logits, begin = [], 0
    for x in passes:
        key_values.advance(x.shape[1])
        logits.append(fast(x, begin, key_values))
        begin += x.shape[1]
    return torch.cat(logits, dim=1)[_NUM_NEIGHBOURS:-_NUM_NEIGHBOURS]


def _compare_slow(model: LanguageModel, golden: dict[str, Tensor]) -> Iterator[Comparison]:
    prompt, frames = golden["prompt"].T, golden["step_frames"].T
    crowd = Crowd(model, len(prompt) + len(frames))
    states = torch.cat([crowd.read(piece) for piece in prompt.split(_PIECE)])
    yield near("prefill_hidden", states, golden["prefill_hidden"], _SLOW)
    if "prefill_logits" in golden:
        yield near("prefill_logits", model.head(states), golden["prefill_logits"], _SLOW)
    if "prefill_logits_last8" in golden:
        last = model.head(states[-8:])
        yield near("prefill_logits_last8", last, golden["prefill_logits_last8"], _SLOW)
    steps = torch.cat([crowd.read(frame) for frame in frames.split(1)])
    yield near("step_hidden", steps, golden["step_hidden"], _SLOW)
    yield near("step_logits", model.head(steps), golden["step_logits"], _SLOW)


def _compare_variant(checkpoint: Path, variant: dict[str, Any]) -> Iterator[Comparison]:
    golden = load_file(checkpoint / "expected.safetensors")
    model = read_whole_model(checkpoint)
    resolved = variant["config_as_the_reference_resolves_it"]
    ours = _resolved(model.config)
    yield equal("config", {key: ours[key] for key in resolved}, resolved)
    yield from _compare_slow(model, golden)
    states = golden["fast_hidden"]
    entering = torch.stack((golden["prefill_hidden"][-1], golden["step_hidden"][0]))
    yield near("fast_hidden", entering, states, _SLOW)
    yield near("fast_input", model.fast.project(states), golden["fast_input"], _SLOW)
    logits = fast_logits(model, states, golden["forced_codes"])
    yield near("fast_logits", logits, golden["fast_logits"], _FAST)


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
