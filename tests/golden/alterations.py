"""Alter one value of a golden folder at a time: `python -m tests.golden.alterations FOLDER`.

Every value of the JSON files, fractions by much and by little, and two of each golden tensor, but
no weights and no vocabulary. Prints every value that can be altered without a miss, and exits with
1 if there is one that is not exempt.
"""

import argparse
import json
import random
import re
import shutil
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from tests.golden.__main__ import COMPARISONS, is_met
from tests.golden.comparison import read_json
from tests.golden.exemptions import is_exempt
from tests.golden.manifest import MANIFEST
from tests.golden.stored import CHECKPOINT, STORED

Leaf = str | int | float | bool | None

#: What is added to a value of a tensor: more than any tolerance.
_AMOUNTS = {torch.float32: 0.5, torch.int16: 4_096, torch.int32: 1}
_SMALL = 1e-2
#: What a fraction is multiplied by to alter it by little.
_SLIGHTLY = 1.1
_DIGIT = re.compile(r"\d(?=\D*$)")


@dataclass(frozen=True, slots=True)
class Alteration:
    """One value that another stands in for."""

    file: Path
    #: Keys and indices, or the name of a tensor and the index in it.
    where: tuple[str | int, ...]
    #: The same, with the last index of everything as -1.
    place: str
    #: What stands beside it.
    beside: Mapping[str, Any]
    is_slight: bool = False

    @property
    def is_exempt(self) -> bool:
        """Tell whether nobody can see it."""
        file = self.file.as_posix()
        return is_exempt(file, self.place, self.beside, is_slight=self.is_slight)

    def write(self, folder: Path, altered: Path) -> None:
        """Write the file of `folder` as `altered`, with the other value."""
        source = folder / self.file
        if self.file.suffix == ".json":
            whole = read_json(source)
            holder = whole
            for key in self.where[:-1]:
                holder = holder[key]
            value = holder[self.where[-1]]
            holder[self.where[-1]] = value * _SLIGHTLY if self.is_slight else _other(value)
            altered.write_text(json.dumps(whole), encoding="utf-8")
        else:
            tensors = load_file(source)
            name, *at = self.where
            _alter(tensors[str(name)], tuple(map(int, at)))
            save_file(tensors, altered)


def alterations(folder: Path, generator: random.Random) -> Iterator[Alteration]:
    """Yield one for every value of a JSON file, of a fraction one slight too, two for a tensor."""
    for path in sorted(each for depth in ("*", "*/*", "*/*/*") for each in folder.glob(depth)):
        file = path.relative_to(folder)
        if path.suffix == ".json":
            yield from _of_json(file, read_json(path))
        elif path.suffix == ".safetensors":
            for name, tensor in load_file(path).items():
                last, some = tensor.numel() - 1, generator.randrange(tensor.numel())
                yield from (_of_tensor(file, name, tensor, at) for at in (last, some))


def survives(folder: Path, alteration: Alteration) -> bool:
    """Tell whether no comparison misses the value."""
    with tempfile.TemporaryDirectory() as name:
        copy = Path(name) / "folder"
        shutil.copytree(folder.resolve(), copy, copy_function=_link)
        altered = copy / alteration.file
        altered.unlink()
        alteration.write(folder, altered)
        return all(is_met(each, copy) for each in _comparisons(alteration.file))


def _of_json(
    file: Path,
    value: Any,  # noqa: ANN401 - each file has its own shape
    where: tuple[str | int, ...] = (),
    places: tuple[str, ...] = (),
) -> Iterator[Alteration]:
    if isinstance(value, dict):
        inner = [(key, key, each) for key, each in value.items()]
    else:
        inner = [(at, _place(at, len(value)), each) for at, each in enumerate(value)]
    for key, place, each in inner:
        if isinstance(each, dict | list):
            yield from _of_json(file, each, (*where, key), (*places, place))
        else:
            beside = value if isinstance(value, dict) else {}
            altered = Alteration(file, (*where, key), "/".join((*places, place)), beside)
            yield altered
            if isinstance(each, float) and each:
                yield replace(altered, is_slight=True)


def _of_tensor(file: Path, name: str, tensor: Tensor, at: int) -> Alteration:
    index = tuple(int(each) for each in torch.unravel_index(torch.tensor(at), tensor.shape))
    places = [_place(each, size) for each, size in zip(index, tensor.shape, strict=True)]
    return Alteration(file, (name, *index), "/".join((name, *places)), {})


def _place(at: int, length: int) -> str:
    return "-1" if at == length - 1 else str(at)


def _other(value: Leaf) -> Leaf:
    if value is None:
        return 1
    if isinstance(value, bool):
        return not value
    if isinstance(value, str):
        digit = _DIGIT.search(value)
        return f"{value}x" if digit is None else _DIGIT.sub(str(9 - int(digit[0])), value)
    if isinstance(value, int):
        return value + 1
    return value + _SMALL if abs(value) < _SMALL else value / 10


def _alter(tensor: Tensor, at: tuple[int, ...]) -> None:
    amount = _AMOUNTS[tensor.dtype]
    tensor[at] += amount if tensor[at] < 0 or amount == 1 else -amount


def _link(source: str, target: str) -> None:
    Path(target).symlink_to(source)


def _comparisons(file: Path) -> list[str]:
    """Return those that read the file, but for the manifest, which would see its size."""
    first = file.parts[0].removesuffix(file.suffix)
    if first == CHECKPOINT:
        return [name for name in COMPARISONS if name != MANIFEST]
    return [CHECKPOINT, first] if file.name in STORED else [first]


def main(arguments: Sequence[str] | None = None) -> int:
    """Alter, compare, print what survives, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.golden.alterations")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--file", help="only files whose path begins with this", default="")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    by_file = defaultdict(list)
    for each in alterations(options.folder, random.Random(0)):
        if each.file.as_posix().startswith(options.file):
            by_file[each.file].append(each)
    found = [_report(options.folder, file, of_file) for file, of_file in by_file.items()]
    return int(any(found))


def _report(folder: Path, file: Path, of_file: list[Alteration]) -> int:
    alive = [each for each in of_file if survives(folder, each)]
    exempt = [each for each in alive if each.is_exempt]
    counts = f"{len(of_file)} altered, {len(alive)} unseen, {len(exempt)} of them exempt"
    print(f"{file}: {counts}", flush=True)  # noqa: T201 - a command line
    for each in alive:
        remarks = ", slightly" * each.is_slight + " (exempt)" * each.is_exempt
        print(f"    {each.place}{remarks}")  # noqa: T201
    return len(alive) - len(exempt)


if __name__ == "__main__":
    sys.exit(main())
