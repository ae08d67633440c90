"""The codec's tensors as a folder stores them, under their plain names."""

import pickle
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from engine.runners.s1.codec.errors import CheckpointError

SAFETENSORS_FILE = "codec.safetensors"
TORCH_FILE = "codec.pth"
#: A checkpoint of the training run holds the codec under this name, beside its discriminators.
_CODEC_WITHIN_TRAINING = "generator"
#: What training frameworks wrap a state dict in.
_WRAPPER = "state_dict"
#: Stored beside the weights and computed here: see `rotary_rows`, and `WindowTransformer`.
_STORED_BUFFERS = ("freqs_cis", "causal_mask")


class Checkpoint:
    """The tensors of one file; what is never asked for does not belong there."""

    def __init__(self, file: Path, tensors: Mapping[str, Tensor]) -> None:
        """Take the tensors under the names they have in `file`, wrapped or prefixed."""
        self._file = file
        self._tensors = _unprefixed(tensors)
        self._unread = set(self._tensors)

    def __contains__(self, name: str) -> bool:
        """Tell whether the file has a tensor of that name."""
        return name in self._tensors

    def read(self, name: str, shape: tuple[int, ...]) -> Tensor:
        """Return a float tensor of `shape`, in the dtype it is stored in.

        Raises:
            CheckpointError: the file has none, or one of another shape or kind.
        """
        tensor = self._tensors.get(name)
        if tensor is None:
            raise CheckpointError(self._file, name, "is missing")
        if tuple(tensor.shape) != shape:
            found = tuple(tensor.shape)
            raise CheckpointError(self._file, name, f"has the shape {found}, not {shape}")
        if not tensor.is_floating_point():
            raise CheckpointError(self._file, name, f"is {tensor.dtype}, not a float")
        if not tensor.isfinite().all():
            raise CheckpointError(self._file, name, "has values that are not finite")
        self._unread.discard(name)
        return tensor

    def check_all_read(self) -> None:
        """Check that nothing is left.

        Raises:
            CheckpointError: a tensor is none of the codec's.
        """
        if self._unread:
            raise CheckpointError(self._file, min(self._unread), "is no part of the codec")


def open_checkpoint(folder: Path) -> Checkpoint:
    """Open codec.safetensors, or else codec.pth, without running what it says.

    Raises:
        CheckpointError: there is neither, or the file is damaged or holds more than tensors.
    """
    for name, load in ((SAFETENSORS_FILE, _load_safetensors), (TORCH_FILE, _load_torch)):
        file = folder / name
        if file.exists():
            return Checkpoint(file, load(file))
    raise CheckpointError(folder, None, f"has neither {SAFETENSORS_FILE} nor {TORCH_FILE}")


def _load_safetensors(file: Path) -> Mapping[str, Tensor]:
    try:
        return load_file(file)
    except (OSError, SafetensorError) as error:
        raise CheckpointError(file, None, f"cannot be read: {error}") from error


def _load_torch(file: Path) -> Mapping[str, Tensor]:
    try:
        loaded = torch.load(file, map_location="cpu", weights_only=True, mmap=True)
    except (OSError, RuntimeError, ValueError, EOFError, pickle.UnpicklingError) as error:
        # torch goes on with advice on how to run the file's code all the same.
        reason = str(error).partition("\n")[0]
        raise CheckpointError(file, None, f"cannot be read as plain tensors: {reason}") from error
    if isinstance(loaded, dict) and isinstance(loaded.get(_WRAPPER), dict):
        loaded = loaded[_WRAPPER]
    if not isinstance(loaded, dict):
        raise CheckpointError(file, None, "holds no state dict")
    for name, tensor in loaded.items():
        if not isinstance(name, str) or not isinstance(tensor, Tensor):
            raise CheckpointError(file, str(name), "is not a named tensor")
    return loaded


def _unprefixed(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    prefix = f"{_CODEC_WITHIN_TRAINING}."
    if any(_CODEC_WITHIN_TRAINING in name for name in tensors):
        tensors = {
            name.replace(prefix, ""): tensor
            for name, tensor in tensors.items()
            if _CODEC_WITHIN_TRAINING in name
        }
    return {
        name: tensor
        for name, tensor in tensors.items()
        if name.rpartition(".")[2] not in _STORED_BUFFERS
    }
