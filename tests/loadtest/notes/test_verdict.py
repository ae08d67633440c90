"""A figure is kept with the machine and the commit, and a missed bound is told."""

import argparse
import json
import math
import re
import subprocess
from pathlib import Path

import pytest

from loadtest.notes import verdict
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


def test_the_commit_is_that_of_the_beginning_and_no_result_of_an_earlier_run_changes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def git(*arguments: str) -> str:
        command = ["git", "-c", "user.name=x", "-c", "user.email=x", *arguments]
        done = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    results = tmp_path / "results"
    results.mkdir()
    files = {place: place / "file" for place in (tmp_path, results)}
    for file in files.values():
        file.write_text("old")
    git("init", "-q")
    git("add", ".")
    git("commit", "-qm", "one")
    monkeypatch.setattr(verdict, "ROOT", tmp_path)
    monkeypatch.setattr(verdict, "RESULTS", results)

    def named(*, changed_first: Path, changed_meanwhile: Path) -> str:
        files[changed_first].write_text("new")
        account = Account("name", argparse.Namespace(json=None))
        files[changed_meanwhile].write_text("newer")
        account.close([])
        kept: str = json.loads((results / "notes-name.json").read_text())["commit"]
        return kept

    head = git("rev-parse", "HEAD")
    assert named(changed_first=results, changed_meanwhile=tmp_path) == head
    assert named(changed_first=tmp_path, changed_meanwhile=tmp_path) == f"{head}-dirty"
