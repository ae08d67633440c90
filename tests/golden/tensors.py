"""The tensors of a golden file."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from safetensors.torch import load_file
from torch import Tensor

from tests.golden.comparison import Comparison, equal


class GoldenTensors(Mapping[str, Tensor]):
    """All tensors of one file, which knows those that nobody has looked at."""

    def __init__(self, path: Path) -> None:
        self._tensors = load_file(path)
        self._unread = set(self._tensors)

    def __getitem__(self, name: str) -> Tensor:
        """Return a tensor, which counts as read."""
        tensor = self._tensors[name]
        self._unread.discard(name)
        return tensor

    def __iter__(self) -> Iterator[str]:
        return iter(self._tensors)

    def __len__(self) -> int:
        return len(self._tensors)

    def shapes(self) -> dict[str, list[object]]:
        """Return the shape and the dtype of every tensor, in the words of a golden JSON file."""
        return {
            name: [list(tensor.shape), str(tensor.dtype).removeprefix("torch.")]
            for name, tensor in self._tensors.items()
        }

    def all_read(self, name: str) -> Comparison:
        """Compare what was left unread with nothing: a result that no case names is lost."""
        return equal(f"{name} left unread: {sorted(self._unread)}", len(self._unread), 0)
