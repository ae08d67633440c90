"""Files of tensors: read without running what is in them, and written whole or not at all."""

import os
import pickle
import shutil
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from engine.errors import CheckpointError
from engine.pytorch.archive import check_archive

#: In some files the tensors lie one level down, under this key.
_WRAPPER = "state_dict"


def find_tensors(folder: Path, first: str, other: str) -> Path:
    """Return the file `first` in `folder`, or `other` where there is none.

    Raises:
        CheckpointError: there is neither.
    """
    for path in (folder / first, folder / other):
        if path.is_file():
            return path
    raise CheckpointError(folder / first, f"missing, and so is {other}")


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Return the tensors of a file by key, mapped into memory rather than copied.

    Raises:
        CheckpointError: it cannot be read, is damaged, holds other things than tensors, or code.
    """
    contents = _read_safetensors(path) if path.suffix == ".safetensors" else _read_pth(path)
    if not isinstance(contents, dict):
        raise CheckpointError(path, f"holds a {type(contents).__name__}, not tensors by name")
    # Whatever a pickle makes may have attributes that hide its methods.
    inner = dict.get(contents, _WRAPPER, contents)
    if not isinstance(inner, dict):
        raise CheckpointError(path, f"a {type(inner).__name__}, not tensors by name", _WRAPPER)
    return {key: _tensor(key, value, path) for key, value in dict.items(inner)}


def renamed(
    tensors: Mapping[str, Tensor], name: Callable[[str], str], path: Path
) -> dict[str, Tensor]:
    """Return the tensors, each under the `name` of its key.

    Raises:
        CheckpointError: two have the same.
    """
    found: dict[str, Tensor] = {}
    for key, tensor in tensors.items():
        renamed_key = name(key)
        if renamed_key in found:
            raise CheckpointError(path, "there is this twice, under another prefix", renamed_key)
        found[renamed_key] = tensor
    return found


def write_tensors(tensors: Mapping[str, Tensor], path: Path, source: Path) -> None:
    """Write a safetensors file; `path` is replaced once all of it is on the disk.

    Whoever may read `source`, from which the tensors came, may read it.

    Raises:
        OSError: there is no room, no permission, or something in the way.
    """
    unfinished = path.with_name(path.name + ".part")
    try:
        # Tensors that share memory, as views of one, are refused unless each is its own.
        save_file({key: value.contiguous().clone() for key, value in tensors.items()}, unfinished)
    except SafetensorError as error:
        raise OSError(f"{unfinished}: {error}") from error
    shutil.copymode(source, unfinished)
    with unfinished.open("rb") as file:
        os.fsync(file.fileno())
    unfinished.replace(path)


def _tensor(key: object, value: object, path: Path) -> Tensor:
    if not isinstance(key, str):
        raise CheckpointError(path, f"has a {type(key).__name__} for the name of a tensor")
    if not isinstance(value, Tensor):
        raise CheckpointError(path, f"a {type(value).__name__}, not a tensor", key)
    plain = Tensor.detach(value)
    if not _is_stored_whole(plain):
        raise CheckpointError(path, "not stored whole, value by value", key)
    return plain


def _is_stored_whole(tensor: Tensor) -> bool:
    """Tell whether the file has every value, so that no tensor is larger than its file."""
    if tensor.is_nested or tensor.layout is not torch.strided or tensor.device.type != "cpu":
        return False
    return tensor.numel() * tensor.element_size() <= tensor.untyped_storage().nbytes()


def _read_safetensors(path: Path) -> object:
    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise CheckpointError(path, f"not readable as safetensors: {error}") from error


def _read_pth(path: Path) -> object:
    if not zipfile.is_zipfile(path):
        # The older format cannot be mapped, and torch's own message for it says nothing of files.
        raise CheckpointError(path, "damaged, cut off, or of an older format than torch saves now")
    check_archive(path)
    try:
        return torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except pickle.UnpicklingError as error:
        raise CheckpointError(path, "refused: it holds more than tensors") from error
    except Exception as error:  # a damaged archive surfaces as whatever its first bad byte leads to
        raise CheckpointError(path, f"damaged: {error}") from error
