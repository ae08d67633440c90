"""What `conftest.py` promises every other test."""

import os
import subprocess
import sys
from pathlib import Path

import anyio
import pytest

ROOT = Path(__file__).parent.parent


def run_pytest(folder: Path, body: str, *, environment: dict[str, str]) -> str:
    """Run a test file under our conftest and return the last line of pytest's report."""
    (folder / "test_sample.py").write_text(f"import pytest\n{body}", encoding="utf-8")
    inherited = {name: value for name, value in os.environ.items() if name != "CI"}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "tests.conftest", "--rootdir", folder, folder],
        check=False,
        cwd=ROOT,
        env=inherited | environment,
        capture_output=True,
        text=True,
    )
    return done.stdout.splitlines()[-1]


SKIPPED_IN_TEST = "def test_it(): pytest.skip('no')"
SKIPPED_BY_MARK = "@pytest.mark.skip\ndef test_it(): pass"
SKIPPED_MODULE = "pytest.importorskip('no_such_library')"
EXPECTED_FAILURE = "@pytest.mark.xfail\ndef test_it(): assert False"


def test_a_skip_elsewhere_stays_a_skip(tmp_path: Path) -> None:
    assert "1 skipped" in run_pytest(tmp_path, SKIPPED_IN_TEST, environment={})


@pytest.mark.parametrize(
    ("body", "outcome"),
    [(SKIPPED_IN_TEST, "1 failed"), (SKIPPED_BY_MARK, "1 error"), (SKIPPED_MODULE, "1 error")],
    ids=["in the test", "by a mark", "of a module"],
)
def test_a_skip_fails_where_ci_runs(body: str, outcome: str, tmp_path: Path) -> None:
    assert outcome in run_pytest(tmp_path, body, environment={"CI": "true"})


def test_an_expected_failure_is_no_skip(tmp_path: Path) -> None:
    assert "1 xfailed" in run_pytest(tmp_path, EXPECTED_FAILURE, environment={"CI": "true"})


@pytest.mark.anyio
async def test_waiting_costs_nothing() -> None:
    began_s = anyio.current_time()
    await anyio.sleep(3600)
    assert anyio.current_time() - began_s >= 3600
