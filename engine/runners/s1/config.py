"""`config.json` of a checkpoint: the sizes of the dual-AR language model.

The defaults are those of the original implementation, which the released file relies on in parts.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.pytorch.json_file import (
    LARGEST,
    MAX_SIZE,
    SMALLEST,
    check_number,
    check_size,
    read_object,
)
from engine.runners.s1.errors import CheckpointError

CONFIG_FILE = "config.json"
#: A feed-forward layer of no stated size has 8/3 of the width, rounded up to a multiple of this.
_FFN_MULTIPLE = 256

_REQUIRED_SIZES = ("vocab_size", "n_layer", "n_head", "dim", "codebook_size", "num_codebooks")
#: The most of each. Weights prove most of them; before they can, a layer has names, and no weight
#: has the size of the table of turns. The release has 28 and 4 layers, and 8,192 positions.
_SIZES = dict.fromkeys((*_REQUIRED_SIZES, "head_dim", "n_local_heads"), MAX_SIZE) | {
    "n_layer": 256,
    "n_fast_layer": 256,
    "max_seq_len": 1 << 17,
}
#: The size of the slow transformer stands in where one of these is absent, null or zero.
_FAST_SIZES = {
    "fast_dim": "dim",
    "fast_n_head": "n_head",
    "fast_n_local_heads": "n_local_heads",
    "fast_head_dim": "head_dim",
    "fast_intermediate_size": "intermediate_size",
}
_FLAGS = ("tie_word_embeddings", "scale_codebook_embeddings")
_ATTENTION_FLAGS = ("attention_qkv_bias", "attention_o_bias", "attention_qk_norm")
_FAST_FLAGS = tuple(f"fast_{flag}" for flag in _ATTENTION_FLAGS)
#: Turns slow down from pair to pair, and a norm's guard is smaller than what it guards.
ROPE_BASES, NORM_EPSILONS = (1.0, LARGEST), (SMALLEST, 1.0)
_NUMBERS = {"rope_base": ROPE_BASES, "norm_eps": NORM_EPSILONS}
#: They matter to training alone.
_TRAINING = ("dropout", "initializer_range", "use_gradient_checkpointing")
_KNOWN = frozenset(
    (
        "model_type",
        "intermediate_size",
        *_SIZES,
        *_FAST_SIZES,
        *_FLAGS,
        *_ATTENTION_FLAGS,
        *_FAST_FLAGS,
        *_NUMBERS,
        *_TRAINING,
    )
)
_DEFAULTS: dict[str, Any] = {
    "n_local_heads": -1,
    "head_dim": 64,
    "intermediate_size": None,
    "rope_base": 10_000,
    "norm_eps": 1e-5,
    "max_seq_len": 2_048,
    "n_fast_layer": 4,
    "tie_word_embeddings": True,
    "scale_codebook_embeddings": False,
    "attention_qkv_bias": False,
    "attention_o_bias": False,
    "attention_qk_norm": False,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TransformerConfig:
    """The sizes of one stack of transformer blocks."""

    num_layers: int
    dim: int
    num_heads: int
    num_kv_heads: int
    head_dim: int
    ffn_dim: int
    qkv_bias: bool
    output_bias: bool
    qk_norm: bool
    rope_base: float
    norm_eps: float

    @property
    def qkv_dim(self) -> int:
        """Return the width of queries, keys and values side by side."""
        return (self.num_heads + 2 * self.num_kv_heads) * self.head_dim


@dataclass(frozen=True, slots=True, kw_only=True)
class DualARConfig:
    """The language model: a slow transformer over columns, a fast one over a column's codes."""

    vocab_size: int
    codebook_size: int
    num_codebooks: int
    max_seq_len: int
    tie_word_embeddings: bool
    scale_codebook_embeddings: bool
    slow: TransformerConfig
    fast: TransformerConfig


def read_config(folder: Path) -> DualARConfig:
    """Read `config.json` in `folder`.

    Raises:
        CheckpointError: the file is missing or no JSON object, a key is unknown or absent, or a
            value has a type or a size that no such model has.
    """
    path = folder / CONFIG_FILE
    return parse_config(read_object(path), path)


def parse_config(fields: dict[str, Any], path: Path) -> DualARConfig:
    """Check the fields of a `config.json`; `path` is what errors name."""
    _refuse_unknown(fields, path)
    values = _with_defaults(fields, path)
    _check(values, path)
    return DualARConfig(
        vocab_size=values["vocab_size"],
        codebook_size=values["codebook_size"],
        num_codebooks=values["num_codebooks"],
        max_seq_len=values["max_seq_len"],
        tie_word_embeddings=values["tie_word_embeddings"],
        scale_codebook_embeddings=values["scale_codebook_embeddings"],
        slow=_transformer(values, prefix="", num_layers=values["n_layer"]),
        fast=_transformer(values, prefix="fast_", num_layers=values["n_fast_layer"]),
    )


def _refuse_unknown(fields: dict[str, Any], path: Path) -> None:
    # First: the keys of another model are not what is wrong with it.
    model_type = fields.get("model_type", "dual_ar")
    if model_type != "dual_ar":
        raise CheckpointError(path, f"{model_type!r} is not 'dual_ar'", "model_type")
    for key in fields:
        if key not in _KNOWN:
            raise CheckpointError(path, "unknown key", key)


def _with_defaults(fields: dict[str, Any], path: Path) -> dict[str, Any]:
    """Fill in what is absent; the sizes that others are made of are checked on the way."""
    for key in _REQUIRED_SIZES:
        if key not in fields:
            raise CheckpointError(path, "missing", key)
    values = _DEFAULTS | fields
    if values["n_local_heads"] == -1:
        values["n_local_heads"] = values["n_head"]
    for key, most in _SIZES.items():
        check_size(values[key], path, key, most=most)
    if values["intermediate_size"] is None:
        values["intermediate_size"] = -(-8 * values["dim"] // 3 // _FFN_MULTIPLE) * _FFN_MULTIPLE
    values |= {key: values.get(key) or values[slow] for key, slow in _FAST_SIZES.items()}
    absent = (flag for flag in _ATTENTION_FLAGS if values.get(f"fast_{flag}") is None)
    return values | {f"fast_{flag}": values[flag] for flag in absent}


def _check(values: dict[str, Any], path: Path) -> None:
    for key in ("intermediate_size", *_FAST_SIZES):
        check_size(values[key], path, key)
    for key in (*_FLAGS, *_ATTENTION_FLAGS, *_FAST_FLAGS):
        if not isinstance(values[key], bool):
            raise CheckpointError(path, f"{values[key]!r} is neither true nor false", key)
    for key, (least, most) in _NUMBERS.items():
        check_number(values[key], path, key, least, most)
    for prefix in ("", "fast_"):
        _check_heads(values, prefix, path)


def _check_heads(values: dict[str, Any], prefix: str, path: Path) -> None:
    heads, kv_heads = values[f"{prefix}n_head"], values[f"{prefix}n_local_heads"]
    if heads % kv_heads:
        problem = f"{kv_heads} do not divide the {heads} heads"
        raise CheckpointError(path, problem, f"{prefix}n_local_heads")
    if values[f"{prefix}head_dim"] % 2:
        raise CheckpointError(path, "must be even to be rotated", f"{prefix}head_dim")


def _transformer(values: dict[str, Any], *, prefix: str, num_layers: int) -> TransformerConfig:
    return TransformerConfig(
        num_layers=num_layers,
        dim=values[f"{prefix}dim"],
        num_heads=values[f"{prefix}n_head"],
        num_kv_heads=values[f"{prefix}n_local_heads"],
        head_dim=values[f"{prefix}head_dim"],
        ffn_dim=values[f"{prefix}intermediate_size"],
        qkv_bias=values[f"{prefix}attention_qkv_bias"],
        output_bias=values[f"{prefix}attention_o_bias"],
        qk_norm=values[f"{prefix}attention_qk_norm"],
        rope_base=float(values["rope_base"]),
        norm_eps=float(values["norm_eps"]),
    )
