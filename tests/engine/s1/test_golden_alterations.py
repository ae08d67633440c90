"""A golden folder in which a single value is altered is missed, whichever it is."""

import json
import random
from collections import defaultdict
from itertools import chain
from pathlib import Path

import pytest

from tests.engine.s1.test_golden import VECTORS
from tests.golden import __main__ as golden
from tests.golden.alterations import Alteration, alterations, survives

#: Of each file. `python -m tests.golden.alterations` takes all, which takes an hour.
_SAMPLED = 2


def sampled(seed: int) -> list[Alteration]:
    generator = random.Random(seed)
    by_file: dict[Path, list[Alteration]] = defaultdict(list)
    for each in alterations(VECTORS, generator):
        if not each.is_exempt:
            by_file[each.file].append(each)
    return list(chain.from_iterable(generator.sample(each, _SAMPLED) for each in by_file.values()))


@pytest.mark.slow
def test_no_value_can_be_altered_unseen() -> None:
    assert [each for each in sampled(1) if survives(VECTORS, each)] == []


def test_what_nobody_compares_can_be_altered_unseen(monkeypatch: pytest.MonkeyPatch) -> None:
    altered = next(each for each in sampled(1) if each.file == Path("k_penalty.json"))
    assert not survives(VECTORS, altered)
    monkeypatch.setitem(golden.COMPARISONS, "k_penalty", ())
    assert survives(VECTORS, altered)


def test_a_value_is_altered_and_no_other(tmp_path: Path) -> None:
    source = VECTORS / "h_encode.json"
    altered = tmp_path / source.name
    for each in alterations(VECTORS, random.Random(1)):
        if each.file.name == source.name:
            each.write(VECTORS, altered)
            pairs = zip(values(source), values(altered), strict=True)
            assert sum(before != after for before, after in pairs) == 1


def values(path: Path) -> list[object]:
    cases = json.loads(path.read_text(encoding="utf-8"))
    return [value for case in cases for value in case.values()]
