"""Files of tensors: read without running what is in them, and written whole or not at all."""

import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from engine.errors import CheckpointError
from engine.pytorch.confined import find_confined
from engine.pytorch.regular_file import check_regular
from engine.pytorch.stored import map_tensors

#: A safetensors file begins with the length of its header, which has a hundred bytes for each
#: tensor: forty thousand of them are read in a second.
_HEADER_LENGTH_BYTES, _MAX_HEADER_BYTES = 8, 4 << 20


def find_tensors(folder: Path, first: str, other: str) -> Path:
    """Return the file `first` in `folder`, or `other` where there is none.

    Raises:
        CheckpointError: there is neither.
    """
    for path in (folder / first, folder / other):
        # What is there and cannot be read is told by whoever reads it.
        if os.path.lexists(path):
            return path
    raise CheckpointError(folder / first, f"missing, and so is {other}")


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Return the tensors of a file by key, mapped into memory rather than copied.

    Raises:
        CheckpointError: it cannot be read, is damaged, holds other things than tensors, or code.
    """
    check_regular(path)
    if path.suffix == ".safetensors":
        return _read_safetensors(path)
    before = _version(path)
    tensors = map_tensors(path, find_confined(path))
    if _version(path) != before:
        raise CheckpointError(path, "it was changed while it was read")
    return tensors


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
            raise CheckpointError(path, "there is this twice, under another name", renamed_key)
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


def _version(path: Path) -> tuple[int, int, int]:
    status = path.stat()
    return status.st_ino, status.st_size, status.st_mtime_ns


def _check_header(path: Path) -> None:
    with path.open("rb") as file:
        size = int.from_bytes(file.read(_HEADER_LENGTH_BYTES), "little")
    if size > _MAX_HEADER_BYTES:
        raise CheckpointError(path, f"has a header of {size} bytes of {_MAX_HEADER_BYTES} allowed")


def _read_safetensors(path: Path) -> dict[str, Tensor]:
    _check_header(path)
    try:
        return load_file(path)
    except Exception as error:  # a damaged header surfaces as whatever it leads to
        told = str(error).partition("\n")[0]
        raise CheckpointError(path, f"not readable as safetensors: {told}") from error
