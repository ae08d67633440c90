"""The codec's tensors as a folder stores them, under their plain names."""

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from engine.pytorch.tensors import find_tensors, read_tensors, renamed, write_tensors
from engine.pytorch.verifying import Shape, verify_tensor, verify_values
from engine.runners.s1.errors import CheckpointError

#: The one that cannot hold code is preferred, and made of the other.
_SAFE, _ORIGINAL = "codec.safetensors", "codec.pth"
#: A checkpoint of the training run holds the codec under this name, beside its discriminators.
_CODEC_WITHIN_TRAINING = "generator"
#: Stored beside the weights and computed here: see `rotary_rows`, and `WindowTransformer`.
_STORED_BUFFERS = ("freqs_cis", "causal_mask")
#: What stands for a `weight` under weight norm, as torch spells it today and as it did before:
#: (gain, direction).
_WEIGHT_NORM_SPELLINGS = (
    ("parametrizations.weight.original0", "parametrizations.weight.original1"),
    ("weight_g", "weight_v"),
)


class Checkpoint:
    """The tensors of one file; what is never asked for does not belong there."""

    def __init__(self, file: Path, tensors: Mapping[str, Tensor]) -> None:
        """Take the tensors under the names they have in `file`, prefixed or not.

        Raises:
            CheckpointError: two tensors have the same name without its prefix.
        """
        self._file = file
        self._tensors = _unprefixed(tensors, file)
        self._unread = set(self._tensors)

    def read(self, name: str, shape: Shape) -> Tensor:
        """Return a float tensor of `shape`, in the dtype it is stored in; weight norm is folded.

        W = gain · direction / ‖direction‖, the norm taken over all axes but the first (Salimans and
        Kingma 2016, arXiv:1602.07868): for a transposed convolution that is the input channel.
        It is computed in float32 at least.

        Raises:
            CheckpointError: the file has none, or one of another shape or kind, or not finite.
        """
        stem = name.removesuffix("weight")
        for gain, direction in _WEIGHT_NORM_SPELLINGS:
            if stem + direction in self._tensors:
                return self._folded(stem + gain, stem + direction, shape)
        return self._stored(name, shape)

    def check_all_read(self) -> None:
        """Check that nothing is left.

        Raises:
            CheckpointError: a tensor is none of the codec's.
        """
        if self._unread:
            raise CheckpointError(self._file, "is no part of the codec", min(self._unread))

    def write(self, folder: Path) -> Path:
        """Write all tensors, as they were stored, as `codec.safetensors` and return its path."""
        path = folder / _SAFE
        write_tensors(self._tensors, path, self._file)
        return path

    def _folded(self, gain_name: str, direction_name: str, shape: Shape) -> Tensor:
        gain = self._stored(gain_name, (shape[0], *(1 for _ in shape[1:])))
        direction = self._stored(direction_name, shape)
        exact = direction.to(torch.promote_types(direction.dtype, torch.float32))
        folded: Tensor = exact * (gain / exact.flatten(1).norm(dim=1).view_as(gain))
        # A direction without length was divided by its length.
        verify_values(folded, self._file, direction_name)
        return folded

    def _stored(self, name: str, shape: Shape) -> Tensor:
        self._unread.discard(name)
        return verify_tensor(self._tensors.get(name), shape, self._file, name)


def open_checkpoint(folder: Path) -> Checkpoint:
    """Open codec.safetensors, or else codec.pth, without running what it says.

    Raises:
        CheckpointError: there is neither, or the file is damaged or holds more than tensors.
    """
    return _open(find_tensors(folder, _SAFE, _ORIGINAL))


def open_original(folder: Path) -> Checkpoint:
    """Open codec.pth, or else codec.safetensors: see `open_checkpoint`."""
    return _open(find_tensors(folder, _ORIGINAL, _SAFE))


def _open(file: Path) -> Checkpoint:
    return Checkpoint(file, read_tensors(file))


def _unprefixed(tensors: Mapping[str, Tensor], file: Path) -> dict[str, Tensor]:
    prefix = f"{_CODEC_WITHIN_TRAINING}."
    codec = {name: tensor for name, tensor in tensors.items() if _CODEC_WITHIN_TRAINING in name}
    if codec:
        tensors = renamed(codec, lambda name: name.replace(prefix, ""), file)
    return {
        name: tensor
        for name, tensor in tensors.items()
        if name.rpartition(".")[2] not in _STORED_BUFFERS
    }
