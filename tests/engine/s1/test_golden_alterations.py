"""A golden folder in which a single value is altered is missed, whichever it is."""

import json
import random
from pathlib import Path

import pytest

from tests.engine.s1.test_golden import VECTORS
from tests.golden import __main__ as golden
from tests.golden.alterations import Alteration, alterations, survives

#: Of each file. `python -m tests.golden.alterations` takes all, which takes an hour.
_NUM_SAMPLED = 2


def files() -> list[str]:
    return sorted({each.file.as_posix() for each in alterations(VECTORS, random.Random(0))})


def sampled(file: str) -> list[Alteration]:
    generator = random.Random(file)
    all_of_them = alterations(VECTORS, generator)
    seen = [each for each in all_of_them if each.file == Path(file) and not each.is_exempt]
    return generator.sample(seen, _NUM_SAMPLED)


@pytest.mark.slow
@pytest.mark.parametrize("file", files())
def test_no_value_can_be_altered_unseen(file: str) -> None:
    assert [each for each in sampled(file) if survives(VECTORS, each)] == []


def test_what_nobody_compares_can_be_altered_unseen(monkeypatch: pytest.MonkeyPatch) -> None:
    altered, *_ = sampled("d_fast.safetensors")
    assert not survives(VECTORS, altered)
    monkeypatch.setitem(golden.COMPARISONS, "d_fast", ())
    assert survives(VECTORS, altered)


def test_what_may_be_a_little_otherwise_may_not_be_quite_otherwise() -> None:
    penalties = [
        each
        for each in alterations(VECTORS, random.Random(0))
        if each.file.name == "f_generate.json" and each.where[-1] == "repetition_penalty"
    ]
    assert penalties
    assert [each.is_exempt for each in penalties] == [each.is_slight for each in penalties]


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
