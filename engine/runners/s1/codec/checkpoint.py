"""The codec's tensors as a folder stores them, under their plain names."""

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from engine.pytorch.tensors import find_tensors, read_tensors, write_tensors
from engine.runners.s1.errors import CheckpointError

_STEM = "codec"
#: A checkpoint of the training run holds the codec under this name, beside its discriminators.
_CODEC_WITHIN_TRAINING = "generator"
#: Stored beside the weights and computed here: see `rotary_rows`, and `WindowTransformer`.
_STORED_BUFFERS = ("freqs_cis", "causal_mask")


class Checkpoint:
    """The tensors of one file; what is never asked for does not belong there."""

    def __init__(self, file: Path, tensors: Mapping[str, Tensor]) -> None:
        """Take the tensors under the names they have in `file`, prefixed or not."""
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
            raise CheckpointError(self._file, "missing", name)
        if tuple(tensor.shape) != shape:
            found = tuple(tensor.shape)
            raise CheckpointError(self._file, f"has the shape {found}, not {shape}", name)
        if not tensor.is_floating_point():
            raise CheckpointError(self._file, f"has the dtype {tensor.dtype}", name)
        if not tensor.isfinite().all():
            raise CheckpointError(self._file, "has values that are not finite", name)
        self._unread.discard(name)
        return tensor

    def check_all_read(self) -> None:
        """Check that nothing is left.

        Raises:
            CheckpointError: a tensor is none of the codec's.
        """
        if self._unread:
            raise CheckpointError(self._file, "is no part of the codec", min(self._unread))

    def write(self, folder: Path) -> Path:
        """Write the tensors that were read as `codec.safetensors` and return its path."""
        path = folder / f"{_STEM}.safetensors"
        write_tensors(self._tensors, path)
        return path


def open_checkpoint(folder: Path) -> Checkpoint:
    """Open codec.safetensors, or else codec.pth, without running what it says.

    Raises:
        CheckpointError: there is neither, or the file is damaged or holds more than tensors.
    """
    file = find_tensors(folder, f"{_STEM}.safetensors", f"{_STEM}.pth")
    return Checkpoint(file, read_tensors(file))


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
