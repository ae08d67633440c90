"""Alter one value of a golden folder at a time: `python -m tests.golden.alterations FOLDER`.

Prints every value that could be altered without a miss, and exits with 1 if there is one.
"""

import argparse
import json
import random
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from tests.golden.__main__ import COMPARISONS, is_met
from tests.golden.comparison import read_json

Leaf = str | int | float | bool | None

#: More than any tolerance and less than what a file could not hold.
_FLOAT = 0.5
_STEPS = {torch.int16: 4_096}
_CHECKPOINT = "checkpoint"


@dataclass(frozen=True, slots=True)
class Alteration:
    """One value that another stands in for."""

    file: Path
    #: Keys and indices, or the name of a tensor and the index in it.
    where: tuple[str | int, ...]

    def write(self, folder: Path, altered: Path) -> None:
        """Write the file of `folder` as `altered`, with the other value."""
        source = folder / self.file
        if self.file.suffix == ".json":
            altered.write_text(json.dumps(self._other_json(read_json(source))), encoding="utf-8")
        else:
            save_file(self._other_tensors(load_file(source)), altered)

    def _other_json(self, whole: Any) -> Any:  # noqa: ANN401 - each file has its own shape
        holder = whole
        for key in self.where[:-1]:
            holder = holder[key]
        holder[self.where[-1]] = _other(holder[self.where[-1]])
        return whole

    def _other_tensors(self, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
        name, at = self.where
        flat = tensors[str(name)].view(-1)
        if flat.is_floating_point():
            flat[at] += _FLOAT
        else:
            step = _STEPS.get(flat.dtype, 1)
            flat[at] += step if flat[at] < 0 else -step if step > 1 else step
        return tensors


def alterations(folder: Path, generator: random.Random) -> Iterator[Alteration]:
    """Yield one for every value of every JSON file, and two for every tensor."""
    for path in sorted(folder.rglob("*")):
        file = path.relative_to(folder)
        if path.suffix == ".json":
            yield from (Alteration(file, where) for where in _leaves(read_json(path)))
        elif path.suffix == ".safetensors":
            for name, tensor in load_file(path).items():
                last, some = tensor.numel() - 1, generator.randrange(tensor.numel())
                yield from (Alteration(file, (name, at)) for at in (last, some))


def survives(folder: Path, alteration: Alteration) -> bool:
    """Tell whether no comparison misses the value."""
    with tempfile.TemporaryDirectory() as name:
        copy = Path(name) / "folder"
        shutil.copytree(folder, copy, copy_function=_link)
        altered = copy / alteration.file
        altered.unlink()
        alteration.write(folder, altered)
        return all(is_met(each, copy) for each in _comparisons(alteration.file))


def _link(source: str, target: str) -> None:
    Path(target).symlink_to(Path(source).resolve())


def _comparisons(file: Path) -> list[str]:
    """Return those that read the file, but for the manifest, which would see its size."""
    first = file.parts[0].removesuffix(file.suffix)
    if first in COMPARISONS:
        return [first]
    return [name for name in COMPARISONS if name != "MANIFEST"]


def _leaves(value: Any, where: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:  # noqa: ANN401
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, (*where, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _leaves(inner, (*where, index))
    else:
        yield where


def _other(value: Leaf) -> Leaf:
    if value is None:
        return 1
    if isinstance(value, bool):
        return not value
    if isinstance(value, str):
        return f"{value}x"
    return value + 1 if isinstance(value, int) else value * 1.5 + (value == 0)


def main(arguments: Sequence[str] | None = None) -> int:
    """Alter, compare, print what survives, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.golden.alterations")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--file", help="only files whose path begins with this", default="")
    parser.add_argument("--sample", type=int, help="as many of each file at most")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    generator = random.Random(options.seed)
    by_file = {}
    for each in alterations(options.folder, generator):
        if str(each.file).startswith(options.file):
            by_file.setdefault(each.file, []).append(each)
    total = survivors = 0
    for file, of_file in by_file.items():
        if options.sample is not None:
            of_file = generator.sample(of_file, min(options.sample, len(of_file)))
        alive = [each for each in of_file if survives(options.folder, each)]
        total, survivors = total + len(of_file), survivors + len(alive)
        print(f"{file}: {len(alive)} of {len(of_file)}", flush=True)
        for each in alive:
            print("   ", *each.where)
    print(f"{survivors} of {total} survive")
    return int(survivors > 0)


if __name__ == "__main__":
    sys.exit(main())
