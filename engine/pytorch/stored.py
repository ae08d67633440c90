"""A tensor where it lies in a file: found by one process, and mapped by another."""

import mmap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from engine.errors import CheckpointError


@dataclass(frozen=True, slots=True)
class Stored:
    """A tensor's dtype by its name in torch, its first value's byte in the file, and its form."""

    dtype: str
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def map_tensors(path: Path, stored: Mapping[str, Stored]) -> dict[str, Tensor]:
    """Return the tensors by key, mapped into memory rather than copied.

    Raises:
        CheckpointError: one is not in the file, or there is no memory for it.
    """
    try:
        with path.open("rb") as file:
            # Whoever writes to a tensor does not write to the file.
            whole = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
    except OSError as error:
        raise CheckpointError(path, f"cannot be mapped into memory: {error.strerror}") from error
    storage = torch.frombuffer(whole, dtype=torch.uint8).untyped_storage()
    return {key: _mapped(storage, key, each, path) for key, each in stored.items()}


def num_spanned(shape: tuple[int, ...], strides: tuple[int, ...]) -> int:
    """Return from how many values, one behind the other, a tensor takes its own."""
    if 0 in shape:
        return 0
    return 1 + sum((size - 1) * stride for size, stride in zip(shape, strides, strict=True))


def _mapped(storage: torch.UntypedStorage, key: str, stored: Stored, path: Path) -> Tensor:
    values = torch.empty(0, dtype=getattr(torch, stored.dtype))
    size = num_spanned(stored.shape, stored.strides) * values.element_size()
    try:
        if size == 0:
            return values.new_empty(stored.shape)
        part = storage[stored.offset : stored.offset + size]
        return values.set_(part, 0, stored.shape, stored.strides)
    except (RuntimeError, ValueError) as error:
        raise CheckpointError(path, f"no tensor of this machine: {error}", key) from error
