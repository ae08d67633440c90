"""What `conftest.py` promises every other test."""

import os
import re
import subprocess
import sys
from pathlib import Path

import anyio
import pytest

ROOT = Path(__file__).parent.parent
SAMPLES = {
    "in_test": "def test_it(): pytest.skip('no')",
    "by_mark": "@pytest.mark.skip\ndef test_it(): pass",
    "module": "pytest.importorskip('no_such_library')",
    "expected": "@pytest.mark.xfail\ndef test_it(): assert False",
}


def outcomes(folder: Path, **environment: str) -> dict[str, str]:
    """Run the samples under our conftest; return what pytest reports of each."""
    for name, body in SAMPLES.items():
        (folder / f"test_{name}.py").write_text(f"import pytest\n{body}", encoding="utf-8")
    inherited = {name: value for name, value in os.environ.items() if name != "CI"}
    flags = ("-q", "-rA", "--continue-on-collection-errors", "-p", "tests.conftest")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *flags, "--rootdir", folder, folder],
        check=False,
        cwd=ROOT,
        env=inherited | environment,
        capture_output=True,
        text=True,
    )
    found = re.findall(r"^([A-Z]+) (?:\[1\] )?\S*test_(\w+)\.py", done.stdout, re.MULTILINE)
    return {name: outcome for outcome, name in found}


@pytest.mark.slow
def test_a_skip_fails_where_ci_runs_and_an_expected_failure_is_none(tmp_path: Path) -> None:
    assert outcomes(tmp_path, CI="true") == {
        "in_test": "FAILED",
        "by_mark": "ERROR",
        "module": "ERROR",
        "expected": "XFAIL",
    }


@pytest.mark.slow
def test_a_skip_elsewhere_stays_a_skip(tmp_path: Path) -> None:
    assert outcomes(tmp_path) == {
        "in_test": "SKIPPED",
        "by_mark": "SKIPPED",
        "module": "SKIPPED",
        "expected": "XFAIL",
    }


@pytest.mark.anyio
async def test_waiting_costs_nothing() -> None:
    began_s = anyio.current_time()
    await anyio.sleep(3600)
    assert anyio.current_time() - began_s >= 3600
