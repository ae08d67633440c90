"""A checkpoint's weights in the modules of `transformers`: every name and shape verified."""

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.utils import parametrize
from transformers import VitsConfig, VitsModel

from engine.errors import CheckpointError
from engine.pytorch.tensors import find_tensors, read_tensors, renamed
from engine.pytorch.verifying import verify_tensors, verify_values
from engine.runners.vits.config import CONFIG_FILE

#: Only training uses them, and some files carry them.
_LEFT_OUT = ("posterior_encoder.", "discriminator.")
#: Weight norm as older files spell it, and as torch does today.
_SPELLINGS = {
    ".weight_g": ".parametrizations.weight.original0",
    ".weight_v": ".parametrizations.weight.original1",
}


def load_model(
    folder: Path, config: VitsConfig, *, device: torch.device, dtype: torch.dtype
) -> VitsModel:
    """Return the network of a checkpoint, without what only training uses.

    Raises:
        CheckpointError: `model.safetensors`, or else `pytorch_model.bin`, is missing or damaged,
            holds more than tensors, or does not hold those that `config` describes.
    """
    path = find_tensors(folder, "model.safetensors", "pytorch_model.bin")
    tensors = _todays_names(read_tensors(path), path)
    model = _without_weights(config, folder / CONFIG_FILE)
    shapes = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    verify_tensors(tensors, shapes, path)
    model.load_state_dict(
        {name: tensor.to(device, dtype) for name, tensor in tensors.items()}, assign=True
    )
    _fold_weight_norm(model, path)
    model.eval()
    return model


def _todays_names(tensors: Mapping[str, Tensor], path: Path) -> dict[str, Tensor]:
    kept = {key: tensor for key, tensor in tensors.items() if not key.startswith(_LEFT_OUT)}
    return renamed(kept, _todays_name, path)


def _todays_name(name: str) -> str:
    for old, new in _SPELLINGS.items():
        if name.endswith(old):
            return name.removesuffix(old) + new
    return name


def _without_weights(config: VitsConfig, path: Path) -> VitsModel:
    try:
        # Its tensors have shapes and no memory, however large the file says they are.
        with torch.device("meta"):
            model = VitsModel(config)
    except Exception as error:  # sizes that do not go together surface as anything
        problem = str(error).partition("\n")[0]
        raise CheckpointError(path, f"describes no model: {problem}") from error
    del model.posterior_encoder
    return model


def _fold_weight_norm(model: VitsModel, path: Path) -> None:
    """Compute once what would be computed in each forward."""
    for name, module in model.named_modules():
        if parametrize.is_parametrized(module, "weight"):
            parametrize.remove_parametrizations(module, "weight")
            # A direction without length is divided by its length.
            verify_values(module.weight, path, f"{name}.weight")
