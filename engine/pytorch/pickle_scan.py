"""What a pickle would make, found without making it."""

import pickletools
from pathlib import Path

import torch

from engine.errors import CheckpointError

#: Names and sizes. S1's has 50 KB.
_MAX_BYTES = 4 << 20
#: Of a tuple, and of those in it, far more than an axis each: a hash goes as deep as they do, and
#: hundreds of thousands of levels overflow the stack.
_MAX_ITEMS = 4_096
#: What tensors by name are saved as, beside storages, types and sizes. Torch allows more, some of
#: which makes tensors of any size, with values that are in no file.
_NAMES = {
    "collections OrderedDict",
    "torch._utils _rebuild_parameter",
    "torch._utils _rebuild_parameter_with_state",
    "torch._utils _rebuild_tensor_v2",
    "torch._utils _rebuild_tensor_v3",
    "torch Size",
    "torch device",
}
_TUPLES = {"TUPLE", "TUPLE1", "TUPLE2", "TUPLE3"}
_PUTS = {"BINPUT", "LONG_BINPUT", "PUT"}
_GETS = {"BINGET", "LONG_BINGET", "GET"}


def check_pickle(data: bytes, path: Path, key: str) -> None:
    """Pass if `data`, which is `key` in `path`, makes nothing that its size does not foretell.

    Raises:
        CheckpointError: it is damaged, or holds more than tensors.
    """
    if len(data) > _MAX_BYTES:
        raise CheckpointError(path, f"{len(data)} bytes of {_MAX_BYTES} allowed", key)
    stack = _Stack()
    try:
        for operation, argument, _ in pickletools.genops(data):
            if operation.name == "GLOBAL":
                _check_global(str(argument), path)
            if stack.do(operation, argument) > _MAX_ITEMS:
                raise CheckpointError(path, f"refused: a tuple of over {_MAX_ITEMS} items", key)
    except (ValueError, LookupError) as error:
        raise CheckpointError(path, f"damaged: no pickle: {error}", key) from error


class _Stack:
    """How many items there are to hash in each of what a pickle's operations work on.

    A tuple of a tuple twice, sixty times over, takes a hundred bytes, and a lifetime to hash.
    """

    def __init__(self) -> None:
        self._items: list[int] = []
        self._marks: list[int] = []
        self._memo: dict[object, int] = {}

    def do(self, operation: pickletools.OpcodeInfo, argument: object) -> int:
        """Do an operation; return the items in what it puts on the stack, if it puts any there.

        Raises:
            LookupError: what it takes is not there.
        """
        if operation.name in _PUTS:
            self._memo[argument] = self._items[-1]
        taken = self._take(operation.stack_before)
        made = 1 + sum(taken) if operation.name in _TUPLES else 1
        if operation.name in _GETS:
            made = self._memo[argument]
        for kind in operation.stack_after:
            if kind is pickletools.markobject:
                self._marks.append(len(self._items))
            else:
                self._items.append(made)
        return made

    def _take(self, kinds: list[pickletools.StackObject]) -> list[int]:
        to_mark = pickletools.markobject in kinds
        end = self._marks.pop() if to_mark else len(self._items)
        begin = end - (kinds.index(pickletools.markobject) if to_mark else len(kinds))
        if begin < 0:
            raise IndexError("it takes more than there is")
        taken = self._items[begin:]
        del self._items[begin:]
        return taken


def _check_global(spelling: str, path: Path) -> None:
    module, _, name = spelling.partition(" ")
    is_plain = module in {"torch", "torch.storage"} and (
        name.endswith("Storage") or isinstance(getattr(torch, name, None), torch.dtype)
    )
    if not is_plain and spelling not in _NAMES:
        raise CheckpointError(path, f"refused: it holds more than tensors: {spelling}")
