"""A file that torch saves tensors by name in: read without running what is in it."""

import pickle
from pathlib import Path

import torch
from torch import Tensor

from engine.errors import CheckpointError

#: In some files the tensors lie one level down, under this key.
_WRAPPER = "state_dict"
#: The record that says which tensors there are.
_PICKLE = "data.pkl"


def read_pth(path: Path) -> dict[str, Tensor]:
    """Return the tensors of a `.pth` by key, mapped into memory rather than copied.

    However small the file, this may take any time or memory, or crash: see `trial`.

    Raises:
        CheckpointError: it is damaged, or holds other things than tensors by name.
        MemoryError: there is none for all that it holds.
    """
    contents = _contents(path)
    if not isinstance(contents, dict):
        raise CheckpointError(path, f"holds a {type(contents).__name__}, not tensors by name")
    # Whatever a pickle makes may have attributes that hide its methods.
    inner = dict.get(contents, _WRAPPER, contents)
    if not isinstance(inner, dict):
        raise CheckpointError(path, f"a {type(inner).__name__}, not tensors by name", _WRAPPER)
    return {key: _tensor(key, value, path) for key, value in dict.items(inner)}


def _contents(path: Path) -> object:
    try:
        return torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except pickle.UnpicklingError as error:
        raise CheckpointError(path, f"refused: {_reason(error)}", _PICKLE) from error
    except MemoryError:
        raise
    except Exception as error:  # a damaged pickle surfaces as whatever its first bad byte leads to
        raise CheckpointError(path, f"damaged: {error}", _PICKLE) from error


def _reason(error: pickle.UnpicklingError) -> str:
    # Torch's own message goes on with how to read it nevertheless.
    told = str(error.__context__ or error).partition(". ")[0]
    return f"more than tensors, as torch.save writes them by default: {told}"


def _tensor(key: object, value: object, path: Path) -> Tensor:
    if not isinstance(key, str):
        raise CheckpointError(path, f"has a {type(key).__name__} for the name of a tensor")
    if not isinstance(value, Tensor):
        problem = f"of the type {type(value).__name__}, not a tensor: save the tensors alone"
        raise CheckpointError(path, problem, key)
    try:
        plain = Tensor.detach(value)
        if _is_stored_whole(plain):
            return plain
    except RuntimeError as error:  # of what has no storage
        raise CheckpointError(path, f"no plain tensor: {error}", key) from error
    raise CheckpointError(path, "not stored whole, value by value", key)


def _is_stored_whole(tensor: Tensor) -> bool:
    """Tell whether the file has every value, so that no tensor is larger than its file."""
    if tensor.is_nested or tensor.is_quantized or tensor.layout is not torch.strided:
        return False
    size = tensor.numel() * tensor.element_size()
    return tensor.device.type == "cpu" and size <= tensor.untyped_storage().nbytes()
