"""What the page says of notes is measured by its own commands; here, of few notes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.pages import command, run_here
from tests.helpers.redis_server import BINARY
from tests.helpers.serving import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
needs_redis = pytest.mark.skipif(BINARY is None, reason="needs redis-server")

#: Those that only a quiet machine keeps, and only with as many notes as the page says.
RATES = " a second"


def kept(name: str, flags: str, tmp_path: Path) -> dict[str, bool]:
    """Run the command of that name with more flags; return which of its figures are kept."""
    file = tmp_path / "figures.json"
    done = subprocess.run(
        run_here(f"{command(name, 'loadtest')} {flags} --json {file}"),
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert file.exists(), done.stderr
    told = json.loads(file.read_text(encoding="utf-8"))["figures"]
    assert done.returncode == (not all(figure["kept"] for figure in told)) or name == "beside"
    return {figure["name"]: figure["kept"] for figure in told}


@pytest.mark.parametrize("name", ["beside", "durable", "embedded", "memory", "rates"])
def test_none_needs_the_libraries_of_a_model(name: str) -> None:
    program = f"import sys, loadtest.notes.{name}; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)


@needs_redis
def test_notes_outlive_every_trouble(tmp_path: Path) -> None:
    quick = "--notes 2000 --store moto --lease-s 3 --trouble-s 2"
    assert all(kept("durable", quick, tmp_path).values())


def test_notes_outlive_the_process_that_has_them(tmp_path: Path) -> None:
    assert all(kept("embedded", "--notes 500 --kills 3", tmp_path).values())


@needs_redis
def test_rates_are_measured_of_both_pairs(tmp_path: Path) -> None:
    told = kept("rates", "--notes 200 --store moto", tmp_path)
    assert [name.partition(",")[0] for name in told] == ["embedded"] * 2 + ["Redis and S3"] * 2


def test_calls_are_measured_alone_and_beside_notes(tmp_path: Path) -> None:
    told = kept("beside", "--calls 4 --seconds 2 --repeats 1", tmp_path)
    assert told["notes that waited at the end"]


def test_a_long_note_costs_little_more_memory_than_a_short_one(tmp_path: Path) -> None:
    assert all(kept("memory", "--seconds 600", tmp_path).values())
