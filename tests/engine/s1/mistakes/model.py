"""Mistakes in the transformers and in reading their weights."""

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from engine.pytorch import pth
from engine.runners.s1 import config, dual_ar, transformer, weights
from engine.runners.s1.config import DualARConfig
from engine.runners.s1.frames import FrameDrawer
from tests.engine.s1.mistakes.planting import (
    Mistake,
    Plant,
    Weights,
    both_stacks,
    built_from,
    replaced,
)

_right_draw_codes = FrameDrawer._draw_codes


def half_split(x: Tensor, turns: Tensor) -> Tensor:
    pairs = torch.complex(*x.chunk(2, dim=-1)) * turns[:, None]
    return torch.cat((pairs.real, pairs.imag), dim=-1)


def unrounded_table(num_positions: int, head_dim: int, base: float, _: torch.device) -> Tensor:
    powers = base ** (torch.arange(0, head_dim, 2, dtype=torch.float64) / head_dim)
    angles = torch.arange(num_positions)[:, None] * (1.0 / powers).float()
    return torch.complex(angles.cos(), angles.sin())


def negative_exponent_table(
    num_positions: int, head_dim: int, base: float, _: torch.device
) -> Tensor:
    powers = base ** -(torch.arange(0, head_dim, 2, dtype=torch.float32) / head_dim)
    angles = torch.arange(num_positions, dtype=torch.float32)[:, None] * powers
    return torch.complex(angles.cos().bfloat16().float(), angles.sin().bfloat16().float())


def normed_state(self: FrameDrawer, states: Tensor, *others: object) -> list[Tensor]:
    return _right_draw_codes(self, self._head._norm(states), *others)  # type: ignore[arg-type]


def swapped_gate(found: Weights) -> Weights:
    other = {"w1": "w3", "w3": "w1"}
    swapped = {}
    for name, weight in found.items():
        parts = name.split(".")
        swapped[".".join(other.get(part, part) for part in parts)] = weight
    return swapped


def without(ending: str, start: str) -> Callable[[Weights], Weights]:
    """Drop the weights of such names, where the model can do without."""
    return lambda found: {
        name: weight
        for name, weight in found.items()
        if not (name.endswith(ending) and name.startswith(start))
    }


def unbiased_projection(found: Weights) -> Weights:
    name = "fast_project_in.bias"
    return found | {name: torch.zeros_like(found[name])} if name in found else found


def inverted_scale(read: DualARConfig) -> DualARConfig:
    return replace(read, scale_codebook_embeddings=not read.scale_codebook_embeddings)


def wider_eps(read: DualARConfig) -> DualARConfig:
    return both_stacks(norm_eps=read.slow.norm_eps * 10)(read)


def default(key: str, value: object) -> Plant:
    return replaced(config, "_DEFAULTS", config._DEFAULTS | {key: value})


MISTAKES = {
    "half-split RoPE": Mistake(
        replaced(transformer, "rotate", half_split), ("c_slow", "d_fast", "l_variants")
    ),
    "RoPE table not rounded": Mistake(
        replaced(dual_ar, "rotary_table", unrounded_table), ("c_slow", "d_fast")
    ),
    "RoPE by a negative exponent": Mistake(
        replaced(dual_ar, "rotary_table", negative_exponent_table), ("c_slow",)
    ),
    "frames not scaled": Mistake(built_from(inverted_scale), ("c_slow", "l_variants")),
    "no norm of queries and keys": Mistake(
        built_from(both_stacks(qk_norm=False)), ("c_slow", "l_variants")
    ),
    "norm_eps tenfold": Mistake(built_from(wider_eps), ("c_slow", "d_fast", "l_variants")),
    "w1 and w3 swapped": Mistake(built_from(weights=swapped_gate), ("c_slow", "d_fast")),
    "normed state into the fast transformer": Mistake(
        replaced(FrameDrawer, "_draw_codes", normed_state), ("f_generate",)
    ),
    "no bias of queries, keys and values": Mistake(
        built_from(weights=without("wqkv.bias", "layers.")), ("l_variants",)
    ),
    "no bias of the slow output": Mistake(
        built_from(weights=without("wo.bias", "layers.")), ("l_variants",)
    ),
    "no bias of the fast queries": Mistake(
        built_from(weights=without("wqkv.bias", "fast_")), ("l_variants",)
    ),
    "no bias of the fast output": Mistake(
        built_from(weights=without("wo.bias", "fast_")), ("l_variants",)
    ),
    "no bias of the projection": Mistake(built_from(weights=unbiased_projection), ("l_variants",)),
    "queries, keys and values in another order": Mistake(
        replaced(weights, "_QKV", ("wv", "wq", "wk")), ("l_variants",)
    ),
    "another rope_base": Mistake(built_from(both_stacks(rope_base=123_456.0)), ("l_variants",)),
    "state_dict not unwrapped": Mistake(replaced(pth, "_WRAPPER", "none"), ("l_variants",)),
    "model. not stripped": Mistake(replaced(weights, "_PREFIX", "none."), ("l_variants",)),
    "audio_ not left out": Mistake(replaced(weights, "_LEFT_OUT", "none"), ("l_variants",)),
    "head_dim by default of another size": Mistake(default("head_dim", 16), ("l_variants",)),
    "rope_base by default 1,000,000": Mistake(default("rope_base", 1e6), ("l_variants",)),
    "norm_eps by default 1e-6": Mistake(default("norm_eps", 1e-6), ("l_variants",)),
    "not tied by default": Mistake(default("tie_word_embeddings", False), ("l_variants",)),
    "scaled by default": Mistake(default("scale_codebook_embeddings", True), ("l_variants",)),
    "fast flags by default false": Mistake(
        replaced(config, "_DEFAULTS", config._DEFAULTS | dict.fromkeys(config._FAST_FLAGS, False)),
        ("l_variants",),
    ),
}
