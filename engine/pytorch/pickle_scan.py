"""Whether a pickle does no more than one of tensors by name does, found without running it.

Torch reads pickles by a machine that runs no code, but what it does run may still take any time or
memory: a dictionary hashes its keys, and a message shows what it is about, however that is nested.
"""

import pickletools
from dataclasses import dataclass
from pathlib import Path

import torch

from engine.errors import CheckpointError

#: Names and sizes. S1's has 50 KB.
_MAX_BYTES = 4 << 20
_DICTIONARY = "collections OrderedDict"
#: What is called to make tensors of what is stored, and what is called with plain values.
_TENSOR_MAKERS = {
    f"torch._utils {name}"
    for name in (
        "_rebuild_tensor_v2",
        "_rebuild_tensor_v3",
        "_rebuild_parameter",
        "_rebuild_parameter_with_state",
    )
}
_PLAIN_MAKERS = {"torch Size", "torch device"}
_PUTS = {"BINPUT", "LONG_BINPUT", "PUT"}
_GETS = {"BINGET", "LONG_BINGET", "GET"}
_TUPLES = {"EMPTY_TUPLE", "TUPLE", "TUPLE1", "TUPLE2", "TUPLE3"}
_PLAIN = {
    *("NONE", "NEWTRUE", "NEWFALSE", "BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT"),
    *("BINUNICODE", "SHORT_BINSTRING"),
}
_SETS = {"SETITEM", "SETITEMS"}
_CHANGES = {"APPEND", "APPENDS", "BUILD", *_SETS}
_HARMLESS = {"PROTO", "STOP", "MARK", "EMPTY_DICT", "EMPTY_LIST", "APPEND", "APPENDS"}


class _Foreign(Exception):
    """No pickle of tensors does this."""


@dataclass(frozen=True, slots=True)
class _Item:
    """Something on the stack."""

    #: A number, a text, or a name: nothing lies in it.
    is_plain: bool = False
    is_dictionary: bool = False
    #: What it is found by, if it is a function or a type.
    name: str = ""
    #: Of a tuple.
    parts: tuple["_Item", ...] | None = None

    @property
    def is_flat(self) -> bool:
        """Whether it is a tuple of plain things."""
        return self.parts is not None and all(part.is_plain for part in self.parts)


def check_pickle(data: bytes, path: Path, key: str) -> None:
    """Pass if `data`, which is `key` in `path`, takes no more time or memory than its size.

    Raises:
        CheckpointError: it is damaged, or holds more than tensors.
    """
    if len(data) > _MAX_BYTES:
        raise CheckpointError(path, f"{len(data)} bytes of {_MAX_BYTES} allowed", key)
    machine = _Machine()
    try:
        for operation, argument, _ in pickletools.genops(data):
            machine.do(operation, argument)
    except _Foreign as error:
        raise CheckpointError(path, f"refused: it holds more than tensors: {error}", key) from error
    except (ValueError, LookupError) as error:
        raise CheckpointError(path, f"damaged: no pickle: {error}", key) from error


class _Machine:
    """Does to a stack of items what torch does to one of objects."""

    def __init__(self) -> None:
        self._items: list[_Item] = []
        self._marks: list[int] = []
        self._memo: dict[object, _Item] = {}

    def do(self, operation: pickletools.OpcodeInfo, argument: object) -> None:
        """Do an operation.

        Raises:
            _Foreign: torch does not write it for tensors.
            LookupError: what it takes is not there.
        """
        if operation.name in _PUTS:
            self._memo[argument] = self._items[-1]
            return
        taken = self._take(operation.stack_before)
        made = (
            self._memo[argument]
            if operation.name in _GETS
            else _made(operation.name, argument, taken)
        )
        for kind in operation.stack_after:
            if kind is pickletools.markobject:
                self._marks.append(len(self._items))
            else:
                self._items.append(made)

    def _take(self, kinds: list[pickletools.StackObject]) -> list[_Item]:
        to_mark = pickletools.markobject in kinds
        end = self._marks.pop() if to_mark else len(self._items)
        begin = end - (kinds.index(pickletools.markobject) if to_mark else len(kinds))
        if begin < 0:
            raise IndexError("it takes more than there is")
        taken = self._items[begin:]
        del self._items[begin:]
        return taken


def _made(name: str, argument: object, taken: list[_Item]) -> _Item:
    """Return what an operation makes of what it has taken."""
    if name == "GLOBAL":
        return _named(str(argument))
    if name == "REDUCE":
        return _called(*taken)
    if name in _TUPLES:
        return _Item(parts=tuple(taken))
    if not _is_written(name, taken):
        raise _Foreign(name)
    return taken[0] if name in _CHANGES else _Item(is_plain=name in _PLAIN)


def _is_written(name: str, taken: list[_Item]) -> bool:
    """Tell whether torch does this for tensors, to such things."""
    if name in _SETS:
        # A tuple in itself, sixty times over, takes a hundred bytes, and a lifetime to hash.
        return all(key.is_plain for key in taken[1::2])
    if name == "BINPERSID":
        return taken[0].is_flat
    if name == "BUILD":
        return taken[0].is_dictionary
    return name in _PLAIN | _HARMLESS


def _named(name: str) -> _Item:
    module, _, last = name.partition(" ")
    is_type = module in {"torch", "torch.storage"} and (
        last.endswith("Storage") or isinstance(getattr(torch, last, None), torch.dtype)
    )
    if not is_type and name not in _TENSOR_MAKERS | _PLAIN_MAKERS | {_DICTIONARY}:
        raise _Foreign(name)
    return _Item(is_plain=True, name=name)


def _called(function: _Item, arguments: _Item) -> _Item:
    """Return what a call makes. A dictionary is made empty: of a tensor it would take its rows."""
    parts = arguments.parts
    if function.name == _DICTIONARY and parts == ():
        return _Item(is_dictionary=True)
    if function.name in _PLAIN_MAKERS and parts and all(p.is_plain or p.is_flat for p in parts):
        return _Item()
    if function.name in _TENSOR_MAKERS and parts:
        return _Item()
    raise _Foreign(f"a call of {function.name or 'what has no name'}")
