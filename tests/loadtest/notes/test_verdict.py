"""A figure is kept with the machine and the commit, and a missed bound is told."""

import argparse
import json
import math
import re
from pathlib import Path

import pytest

from loadtest.notes.verdict import Account, Figure


@pytest.mark.parametrize(
    ("figure", "is_kept", "line"),
    [
        (Figure("notes", 5), True, "notes 5"),
        (Figure("notes", 5, least=5), True, "notes 5, at least 5"),
        (Figure("notes", 4.9, least=5), False, "MISSED notes 4.9, at least 5"),
        (Figure("notes", 1, most=0), False, "MISSED notes 1, at most 0"),
        (Figure("notes", math.nan, most=0), False, "MISSED notes nan, at most 0"),
    ],
)
def test_a_bound_is_kept_up_to_its_limits(figure: Figure, is_kept: bool, line: str) -> None:
    assert (figure.is_kept, figure.line) == (is_kept, line)


@pytest.mark.parametrize(("most", "status"), [(1, 0), (0, 1)])
def test_it_is_kept_with_where_and_of_what_it_was_measured(
    most: float, status: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "figures.json"
    account = Account("name", argparse.Namespace(json=file, notes=7))
    assert account.close([Figure("lost", 1, most=most)], happened=["much"]) == status
    kept = json.loads(file.read_text(encoding="utf-8"))
    assert (kept["name"], kept["notes"], kept["happened"]) == ("name", 7, ["much"])
    assert re.search(r", \d+ cores, Python 3\.", kept["machine"])
    assert kept["commit"] is None or re.fullmatch(r"[0-9a-f]{40}(-dirty)?", kept["commit"])
    assert [len(kept["load_averages"][when]) for when in ("before", "after")] == [3, 3]
    assert kept["figures"] == [{"name": "lost", "value": 1, "most": most, "kept": not status}]
    assert "lost 1, at most" in capsys.readouterr().out
