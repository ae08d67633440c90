"""`MANIFEST.json`, the mutations: what mistakes in the original did to each file.

Their sizes are the original's alone; what they are counted in, is stated elsewhere too.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.golden.comparison import Comparison, equal, read_json

_FRAMES = re.compile(r"frames_equal=(\d+)/(\d+) first_mismatch=(-?\d+)")
_CODES = re.compile(r"codes_wrong=(\d+)/(\d+) z_pre_diff=(\d\.\d\de[+-]\d\d)")
_CHANGE = re.compile(r"(\d\.\d\de[+-]\d\d)")


def compare_mutations(folder: Path, mutations: list[dict[str, str]]) -> Iterator[Comparison]:
    """Compare the cases that are named, and how many frames and codes each has."""
    if not mutations:
        return
    counts = _counts(folder)
    for mutation in mutations:
        effects = ast.literal_eval(mutation["effect"])
        odd = [name for name, effect in effects.items() if not _is_plausible(name, effect, counts)]
        yield equal(f"effect of {mutation['mutation']}: {odd}", len(odd), 0)


def _counts(folder: Path) -> dict[str, int]:
    """Return how much there is of what each effect counts."""
    generated, encoded = _cases(folder, "f_generate"), _cases(folder, "h_encode")
    return {
        "a.wrong": len(read_json(folder / "a_tokenizer.json")["cases"]),
        "e.cases_wrong": len(_cases(folder, "e_sampling")),
        **dict.fromkeys((f"b.{name}" for name in read_json(folder / "b_prompt.json")), 1),
        **{f"f.{each['case']}": each["codes_returned"] for each in generated},
        **{f"h.{each['case']}": each["frames"] for each in encoded},
    }


def _cases(folder: Path, stem: str) -> list[dict[str, Any]]:
    cases: list[dict[str, Any]] = read_json(folder / f"{stem}.json")
    return cases


def _is_plausible(name: str, effect: str | int | bool, counts: dict[str, int]) -> bool:
    if isinstance(effect, int):
        return 0 <= effect <= counts[name]
    if frames := _FRAMES.fullmatch(effect):
        num_equal, num_frames, first = map(int, frames.groups())
        is_whole = num_equal == num_frames
        return num_frames == counts[name] and is_whole == (first == -1) and first <= num_equal
    if codes := _CODES.fullmatch(effect):
        num_wrong, num_codes = int(codes[1]), int(codes[2])
        return num_wrong <= num_codes and num_codes % counts[name] == 0
    return _CHANGE.fullmatch(effect) is not None
