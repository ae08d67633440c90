"""l_variants, the language models' part: how far each mistake leads away that a variant names."""

from collections.abc import Callable
from dataclasses import replace

import torch

from engine.runners.s1.config import DualARConfig, TransformerConfig
from engine.runners.s1.transformer import Weights

#: What is read → what a mistaken reader makes of it.
Mistake = Callable[[DualARConfig, Weights], tuple[DualARConfig, Weights]]

_ROPE_BASE = "rope_base "


def none(config: DualARConfig, weights: Weights) -> tuple[DualARConfig, Weights]:
    """Make no mistake."""
    return config, weights


def mistake(name: str) -> Mistake:
    """Return the mistake of a name that `wrong_variants_max_abs_change` has.

    Raises:
        KeyError: nobody knows it.
    """
    if name.startswith(_ROPE_BASE):
        return _of_both(rope_base=float(name.removeprefix(_ROPE_BASE)))
    return _MISTAKES[name]


def _without(stack: str, ending: str) -> Mistake:
    """Leave biases out."""

    def mistaken(config: DualARConfig, weights: Weights) -> tuple[DualARConfig, Weights]:
        kept = {
            name: weight
            for name, weight in weights.items()
            if not (name.startswith(f"{stack}.") and name.endswith(ending))
        }
        return config, kept

    return mistaken


def _of(stack: str, **changes: object) -> Mistake:
    return lambda config, weights: (_changed(config, stack, **changes), weights)


def _of_both(**changes: object) -> Mistake:
    def mistaken(config: DualARConfig, weights: Weights) -> tuple[DualARConfig, Weights]:
        return _changed(_changed(config, "slow", **changes), "fast", **changes), weights

    return mistaken


def _changed(config: DualARConfig, stack: str, **changes: object) -> DualARConfig:
    transformer: TransformerConfig = getattr(config, stack)
    return replace(config, **{stack: replace(transformer, **changes)})  # type: ignore[arg-type]


def _unprojected(config: DualARConfig, weights: Weights) -> tuple[DualARConfig, Weights]:
    name = "fast_project_in.bias"
    return config, {**weights, name: torch.zeros_like(weights[name])}


def _rotated(config: DualARConfig, weights: Weights) -> tuple[DualARConfig, Weights]:
    """Take the rows of the first layer's queries, keys and values for those of the next head."""
    name = "layers.0.attention.wqkv.weight"
    return config, {**weights, name: weights[name].roll(config.slow.head_dim, 0)}


def _scaled(config: DualARConfig, weights: Weights) -> tuple[DualARConfig, Weights]:
    inverted = not config.scale_codebook_embeddings
    return replace(config, scale_codebook_embeddings=inverted), weights


def _guarded(config: DualARConfig, weights: Weights) -> tuple[DualARConfig, Weights]:
    return _of_both(norm_eps=config.slow.norm_eps * 10)(config, weights)


_MISTAKES: dict[str, Mistake] = {
    "slow wqkv bias ignored": _without("layers", "wqkv.bias"),
    "slow wo bias ignored": _without("layers", "wo.bias"),
    "fast wqkv bias ignored": _without("fast_layers", "wqkv.bias"),
    "fast wo bias ignored": _without("fast_layers", "wo.bias"),
    "fast_project_in bias ignored": _unprojected,
    "slow qk-norm ignored": _of("slow", qk_norm=False),
    "fast qk-norm ignored": _of("fast", qk_norm=False),
    "wqkv rows rotated (wrong concatenation)": _rotated,
    "scale_codebook_embeddings inverted": _scaled,
    "norm_eps x10": _guarded,
}
