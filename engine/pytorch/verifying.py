"""What a checkpoint's tensors must be before anything is built of them."""

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from engine.errors import CheckpointError

Shape = tuple[int, ...]

#: Others have no arithmetic of their own.
_DTYPES = (torch.float64, torch.float32, torch.bfloat16, torch.float16)
#: A thousand times what training leads to. A value far beyond is finite here, and is not once it is
#: cast, or multiplied by its like.
_LARGEST = 1e6


def verify_tensors(tensors: Mapping[str, Tensor], shapes: Mapping[str, Shape], path: Path) -> None:
    """Pass if `tensors`, read from `path`, are those of `shapes`, each as `verify_tensor` has it.

    Raises:
        CheckpointError: one is missing, none of `shapes`, or not what it must be.
    """
    for key, shape in shapes.items():
        verify_tensor(tensors.get(key), shape, path, key)
    for key in tensors:
        if key not in shapes:
            raise CheckpointError(path, "not a weight of this model", key)


def verify_tensor(tensor: Tensor | None, shape: Shape, path: Path, key: str) -> Tensor:
    """Return `tensor`, read from `path`, if it is of `shape`, floating point and finite.

    Raises:
        CheckpointError: it is missing, of another shape or kind, not finite, or too large.
    """
    if tensor is None:
        raise CheckpointError(path, "missing", key)
    if tuple(tensor.shape) != shape:
        problem = f"has the shape {tuple(tensor.shape)}, not {shape} as the configuration says"
        raise CheckpointError(path, problem, key)
    verify_dtype(tensor, path, key)
    verify_values(tensor, path, key)
    return tensor


def verify_dtype(tensor: Tensor, path: Path, key: str) -> None:
    """Pass if `tensor` is floating point.

    Raises:
        CheckpointError: it is not.
    """
    if tensor.dtype not in _DTYPES:
        raise CheckpointError(path, f"has the dtype {tensor.dtype}", key)


def verify_values(tensor: Tensor, path: Path, key: str) -> None:
    """Pass if all values of `tensor` are finite, and none is larger than arithmetic bears.

    Raises:
        CheckpointError: one is not.
    """
    # One such value turns into noise in every listener's ear. The extremes carry it, and cost a
    # fortieth of asking every value.
    lowest, highest = (float(extreme) for extreme in tensor.detach().aminmax())
    if not (lowest >= -_LARGEST and highest <= _LARGEST):
        problem = (
            f"has values that are not finite, or beyond {_LARGEST:g}: {lowest:g} to {highest:g}"
        )
        raise CheckpointError(path, problem, key)
