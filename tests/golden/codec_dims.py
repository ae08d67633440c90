"""codec_dims.json: the numbers that no sample depends on."""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from engine.pytorch.tensors import find_tensors, read_tensors
from engine.runners.s1.codec.config import DIMS_FILE
from engine.runners.s1.rotary import rotary_table
from tests.golden.checkpoint import in_checkpoints
from tests.golden.comparison import Comparison, equal, read_json

#: Keys that have one value wherever a folder states them: the codec's rate, the original's defaults
#: and what matters to training alone.
_ALIKE = frozenset(
    (
        "sample_rate",
        "decoder_transformer_layers",
        "quantizer_dropout",
        "dropout_rate",
        "attn_dropout_rate",
        "n_local_heads",
        "norm_eps",
        "channels_first",
        "causal",
    )
)
_GENERAL = "transformer_general_config"
_TURNS, _MASK = "freqs_cis", "causal_mask"
#: The share of a table.
_ROUNDED_OTHERWISE = 1e-3


def compare_dims(folder: Path) -> Iterator[Comparison]:
    """Compare them with each other in all codecs of `folder`, and with the tables stored there."""
    stated: dict[str, set[object]] = defaultdict(set)
    for path in in_checkpoints(folder, DIMS_FILE):
        dims = read_json(path)
        for key, value in _leaves(dims):
            stated[key].add(value)
        yield from _compare_tables(f"{path.relative_to(folder).parent}", dims, path.parent)
    for key in sorted(_ALIKE & stated.keys()):
        yield equal(f"{DIMS_FILE} {key}", len(stated[key]), 1)


def _leaves(value: Any, key: str = "") -> Iterator[tuple[str, object]]:  # noqa: ANN401
    if isinstance(value, dict):
        for inner_key, inner in value.items():
            yield from _leaves(inner, inner_key)
    else:
        # Of a list it matters what is in there: codecs may have other numbers of blocks.
        yield key, frozenset(value) if isinstance(value, list) else value


def _compare_tables(name: str, dims: dict[str, Any], codec: Path) -> Iterator[Comparison]:
    """Compare the sizes of every transformer with its turns and its mask, stored by the weights."""
    quantizer = dims["quantizer"]
    stored = _tables(codec)
    configs = {f"quantizer.{part}": quantizer[part] for part in ("pre_module", "post_module")}
    for part, module in configs.items():
        yield equal(f"{name} {part} width", module["input_dim"], quantizer["input_dim"])
        yield from _compare_table(f"{name} {part}", module["config"], stored, part)
    for block, num_layers in enumerate(dims["encoder_transformer_layers"], start=1):
        if num_layers:
            part = f"encoder.block.{block}.block.5"
            yield from _compare_table(f"{name} {part}", dims[_GENERAL], stored, part)
    if not any(dims["encoder_transformer_layers"]):
        # Nobody reads it, but its turns are those of the others.
        bases = {module["config"]["rope_base"] for module in configs.values()}
        yield equal(f"{name} rope_base", {dims[_GENERAL]["rope_base"]}, bases)


def _compare_table(
    name: str, config: dict[str, Any], stored: dict[str, Tensor], part: str
) -> Iterator[Comparison]:
    turns, mask = stored.get(f"{part}.{_TURNS}"), stored.get(f"{part}.{_MASK}")
    length = config["block_size"]
    if turns is not None:
        ours = rotary_table(length, config["head_dim"], config["rope_base"])
        yield _compare_turns(f"{name} turns", torch.view_as_real(ours), turns)
    if mask is not None:
        yield equal(f"{name} mask", torch.ones(length, length).tril().to(mask.dtype), mask)


def _compare_turns(name: str, ours: Tensor, theirs: Tensor) -> Comparison:
    """Compare rounded tables; another library's cosine may round a few the other way."""
    if ours.shape != theirs.shape:
        return equal(name, ours, theirs)
    num_other = float((ours != theirs).sum())
    return Comparison(name, num_other / theirs.numel(), _ROUNDED_OTHERWISE)


def _tables(codec: Path) -> dict[str, Tensor]:
    path = find_tensors(codec, "codec.safetensors", "codec.pth")
    return {
        name.removeprefix("generator."): tensor
        for name, tensor in read_tensors(path).items()
        if name.endswith((_TURNS, _MASK))
    }
