"""codec_dims.json: the numbers that no sample depends on."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from engine.pytorch.tensors import find_tensors, read_tensors
from engine.runners.s1.codec.config import DIMS_FILE
from engine.runners.s1.rotary import rotary_table
from tests.golden.checkpoint import in_checkpoints
from tests.golden.comparison import Comparison, equal, near, read_json

#: Keys that each transformer of a codec states for itself, though no sample shows them.
_OF_EACH = (
    "dropout_rate",
    "attn_dropout_rate",
    "n_local_heads",
    "norm_eps",
    "channels_first",
    "causal",
)
_GENERAL, _MODULES = "transformer_general_config", ("pre_module", "post_module")
_TURNS, _MASK = "freqs_cis", "causal_mask"
#: A step of bfloat16 below 1.
_ROUNDING = 2.0**-8
#: The share of a table.
_ROUNDED_OTHERWISE = 1e-3


def compare_dims(folder: Path) -> Iterator[Comparison]:
    """Compare them with each other in all codecs of `folder`, and with the tables stored there."""
    rates: set[object] = set()
    stated: dict[str, list[object]] = defaultdict(list)
    for path in in_checkpoints(folder, DIMS_FILE):
        dims = read_json(path)
        # What is heard depends on it, and no sample does.
        rates.add(dims["sample_rate"])
        for transformer in _transformers(dims):
            for key in transformer.keys() & _OF_EACH:
                stated[key].append(transformer[key])
        yield from _compare_tables(f"{path.relative_to(folder).parent}", dims, path.parent)
    yield equal(f"{DIMS_FILE} sample_rate", len(rates) <= 1, True)
    for key, values in sorted(stated.items()):
        yield equal(f"{DIMS_FILE} {key}", _num_alone(values), 0)


def _transformers(dims: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield what is stated of each, whose keys are shared by no heads however that is spelled."""
    quantizer, general = dims["quantizer"], dims[_GENERAL]
    num_heads = {"n_head": quantizer["input_dim"] // general["head_dim"]}
    for stated in (num_heads | general, *(_flat(quantizer[part]) for part in _MODULES)):
        is_own = 0 < stated["n_head"] == stated.get("n_local_heads")
        yield stated | {"n_local_heads": -1} if is_own else stated


def _flat(module: dict[str, Any]) -> dict[str, Any]:
    config: dict[str, Any] = module["config"]
    return module | config


def _num_alone(values: list[object]) -> int:
    """Count the values that one place alone has, while others agree: such a one was altered."""
    counts = Counter(values).values()
    return sum(count == 1 for count in counts) if max(counts) > 1 else 0


def _compare_tables(name: str, dims: dict[str, Any], codec: Path) -> Iterator[Comparison]:
    """Compare the sizes of every transformer with its turns and its mask, stored by the weights."""
    quantizer = dims["quantizer"]
    stored = _tables(codec)
    configs = {f"quantizer.{part}": quantizer[part] for part in _MODULES}
    for part, module in configs.items():
        yield equal(f"{name} {part} width", module["input_dim"], quantizer["input_dim"])
        yield from _compare_table(f"{name} {part}", module["config"], stored, part)
    # The decoder has no transformers, whatever is stated of each of its blocks.
    stated = len(dims["decoder_transformer_layers"])
    yield equal(f"{name} decoder", stated, len(dims["decoder_rates"]))
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
        yield from _compare_turns(f"{name} turns", torch.view_as_real(ours), turns)
    if mask is not None:
        yield equal(f"{name} mask", torch.ones(length, length).tril().to(mask.dtype), mask)


def _compare_turns(name: str, ours: Tensor, theirs: Tensor) -> Iterator[Comparison]:
    """Compare rounded tables; another library's cosine may round a few the other way."""
    yield near(name, ours, theirs, _ROUNDING)
    if ours.shape == theirs.shape:
        num_other = float((ours != theirs).sum())
        yield Comparison(f"{name}, rounded", num_other / theirs.numel(), _ROUNDED_OTHERWISE)


def _tables(codec: Path) -> dict[str, Tensor]:
    path = find_tensors(codec, "codec.safetensors", "codec.pth")
    return {
        name.removeprefix("generator."): tensor
        for name, tensor in read_tensors(path).items()
        if name.endswith((_TURNS, _MASK))
    }
