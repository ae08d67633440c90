"""The language model's weights: one spelling, every name and shape verified."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import torch
from torch import Tensor

from engine.pytorch.tensors import find_tensors, read_tensors, renamed, write_tensors
from engine.pytorch.verifying import Shape, verify_dtype, verify_tensors
from engine.runners.s1.config import DualARConfig, TransformerConfig
from engine.runners.s1.errors import CheckpointError

#: The one that cannot hold code is preferred, and made of the other.
_SAFE, _ORIGINAL = "model.safetensors", "model.pth"
_PREFIX = "model."
#: Keys of an audio encoder that the released file carries and the model does not have.
_LEFT_OUT = "audio_"
_QKV = ("wq", "wk", "wv")


def read_weights(folder: Path, config: DualARConfig) -> dict[str, Tensor]:
    """Read the language model's weights from `model.safetensors`, or else from `model.pth`.

    Returns:
        Exactly the names of `weight_shapes(config)`, in the dtype of the file.

    Raises:
        CheckpointError: a file that `read_tensors` refuses, or a tensor that is missing, of
            another shape, not floating point, not finite, too large, or not the model's.
    """
    return _read(find_tensors(folder, _SAFE, _ORIGINAL), config)


def write_weights(folder: Path, config: DualARConfig) -> Path:
    """Write `model.safetensors` from `model.pth`, if that is there, and return its path.

    Raises:
        CheckpointError: as `read_weights`.
        OSError: there is no room, no permission, or something in the way.
    """
    source, path = find_tensors(folder, _ORIGINAL, _SAFE), folder / _SAFE
    write_tensors(_read(source, config), path, source)
    return path


def weight_shapes(config: DualARConfig) -> dict[str, Shape]:
    """Return the shape of every weight by name."""
    slow, fast = config.slow, config.fast
    shapes: dict[str, Shape] = {
        "embeddings.weight": (config.vocab_size, slow.dim),
        "codebook_embeddings.weight": (config.codebook_size * config.num_codebooks, slow.dim),
        "norm.weight": (slow.dim,),
        "fast_embeddings.weight": (config.codebook_size, fast.dim),
        "fast_norm.weight": (fast.dim,),
        "fast_output.weight": (config.codebook_size, fast.dim),
    }
    if not config.tie_word_embeddings:
        shapes["output.weight"] = (config.vocab_size, slow.dim)
    if fast.dim != slow.dim:
        shapes["fast_project_in.weight"] = (fast.dim, slow.dim)
        shapes["fast_project_in.bias"] = (fast.dim,)
    shapes.update(_layers("layers", slow))
    shapes.update(_layers("fast_layers", fast))
    return shapes


def _read(path: Path, config: DualARConfig) -> dict[str, Tensor]:
    shapes = weight_shapes(config)
    tensors = _fuse_qkv(_plain_names(read_tensors(path), path), shapes, path)
    verify_tensors(tensors, shapes, path)
    return tensors


def _layers(stack: str, config: TransformerConfig) -> Iterator[tuple[str, Shape]]:
    for index in range(config.num_layers):
        for name, shape in _block(config).items():
            yield f"{stack}.{index}.{name}", shape


def _block(config: TransformerConfig) -> dict[str, Shape]:
    dim, ffn_dim = config.dim, config.ffn_dim
    shapes: dict[str, Shape] = {
        "attention_norm.weight": (dim,),
        "attention.wqkv.weight": (config.qkv_dim, dim),
        "attention.wo.weight": (dim, config.num_heads * config.head_dim),
        "ffn_norm.weight": (dim,),
        "feed_forward.w1.weight": (ffn_dim, dim),
        "feed_forward.w2.weight": (dim, ffn_dim),
        "feed_forward.w3.weight": (ffn_dim, dim),
    }
    if config.qkv_bias:
        shapes["attention.wqkv.bias"] = (config.qkv_dim,)
    if config.output_bias:
        shapes["attention.wo.bias"] = (dim,)
    if config.qk_norm:
        shapes["attention.q_norm.weight"] = (config.head_dim,)
        shapes["attention.k_norm.weight"] = (config.head_dim,)
    return shapes


def _plain_names(tensors: Mapping[str, Tensor], path: Path) -> dict[str, Tensor]:
    """Strip the prefix that some files give every name, and leave out what is not the model's."""
    is_prefixed = next(iter(tensors), "").startswith(_PREFIX)
    kept = {key: tensor for key, tensor in tensors.items() if _LEFT_OUT not in key}
    return renamed(kept, lambda key: key.replace(_PREFIX, "") if is_prefixed else key, path)


def _fuse_qkv(
    tensors: dict[str, Tensor], shapes: Mapping[str, Shape], path: Path
) -> dict[str, Tensor]:
    """Stack queries, keys and values, in this order, where a file has them apart."""
    fused = dict(tensors)
    for key in tensors:
        stem, found, rest = key.partition(".wq.")
        whole = f"{stem}.wqkv.{rest}"
        # What is not the model's is told as that, and takes no memory before.
        if not found or whole not in shapes:
            continue
        parts = [f"{stem}.{name}.{rest}" for name in _QKV]
        for part in parts:
            if part not in tensors:
                raise CheckpointError(path, "missing", part)
            # Whole numbers among floats would become floats, and nobody would see them.
            verify_dtype(tensors[part], path, part)
        if len({tensors[part].dtype for part in parts}) > 1:
            raise CheckpointError(path, "parts of several dtypes", whole)
        if whole in tensors:
            raise CheckpointError(path, "there is this as well", whole)
        try:
            fused[whole] = torch.cat([fused.pop(part) for part in parts])
        except RuntimeError as error:
            raise CheckpointError(path, f"parts that do not fit: {error}", whole) from error
    return fused
