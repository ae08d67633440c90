"""A file that torch saves tensors by name in: where they lie, without running what is in it.

Torch reads its pickle by a machine that runs no code of it. What that does run may still take any
time or memory, or crash: a dictionary hashes its keys, and a message shows what it is about,
however either is nested. So this is called in a process of its own: see `confined`.
"""

import pickle
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from engine.errors import CheckpointError
from engine.pytorch.stored import Stored, num_spanned

#: In some files the tensors lie one level down, under this key.
_WRAPPER = "state_dict"
#: The record that says which tensors there are.
_PICKLE = "data.pkl"
#: How much larger than the file its tensors may be: some share their values, as tied weights do.
_MOST_SHARED = 2


def find_stored(path: Path, places: Mapping[int, int]) -> dict[str, Stored]:
    """Return where each tensor of a `.pth` lies in it, by key; `places` are those of its archive.

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
    tensors = {key: _tensor(key, value, path) for key, value in dict.items(inner)}
    found = {key: _stored(key, tensor, places, path) for key, tensor in tensors.items()}
    total = sum(tensor.numel() * tensor.element_size() for tensor in tensors.values())
    if total > _MOST_SHARED * path.stat().st_size:
        raise CheckpointError(path, f"its tensors have {total} bytes, more than tied weights are")
    return found


def _contents(path: Path) -> object:
    try:
        with path.open("rb") as file:
            # Of tensors on `meta` nothing is read but where they are.
            return torch.load(file, map_location="meta", weights_only=True)
    except pickle.UnpicklingError as error:
        raise CheckpointError(path, f"refused: {_reason(error)}", _PICKLE) from error
    except MemoryError:
        raise
    except Exception as error:  # a damaged pickle surfaces as whatever its first bad byte leads to
        told = str(error).partition("\n")[0].partition(". ")[0]
        problem = f"damaged, or more than plain tensors: {told}"
        raise CheckpointError(path, problem, _PICKLE) from error


def _reason(error: pickle.UnpicklingError) -> str:
    # Torch's own message goes on with how to read it nevertheless.
    told = str(error.__context__ or error).partition(". ")[0]
    return f"more than tensors, as torch.save writes them by default: {told}"


def _tensor(key: object, value: object, path: Path) -> Tensor:
    if not isinstance(key, str):
        raise CheckpointError(path, f"has a {type(key).__name__} for the name of a tensor")
    if any("\ud800" <= character <= "\udfff" for character in key):
        raise CheckpointError(path, "the name of a tensor has halves of surrogate pairs", key)
    if not isinstance(value, Tensor):
        problem = f"of the type {type(value).__name__}, not a tensor: save the tensors alone"
        raise CheckpointError(path, problem, key)
    plain = Tensor.detach(value)
    if plain.is_nested or plain.layout is not torch.strided or plain.is_conj() or plain.is_neg():
        raise CheckpointError(path, "not stored as it is, value by value", key)
    return plain


def _stored(key: str, tensor: Tensor, places: Mapping[int, int], path: Path) -> Stored:
    """Return where a tensor lies, if all of its values are in one record."""
    begin = getattr(tensor.untyped_storage(), "_checkpoint_offset", None)
    if not isinstance(begin, int) or begin not in places:
        raise CheckpointError(path, "not stored in it as torch.save does", key)
    first, shape, strides = int(tensor.storage_offset()), tuple(tensor.shape), tensor.stride()
    num_behind = first + num_spanned(shape, strides)
    if max(tensor.numel(), num_behind) * tensor.element_size() > places[begin]:
        raise CheckpointError(path, "not stored whole, value by value", key)
    dtype = str(tensor.dtype).removeprefix("torch.")
    return Stored(dtype, begin + first * tensor.element_size(), shape, strides)
