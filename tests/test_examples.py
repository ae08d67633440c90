"""An example that is run the wrong way says how it is run."""

import subprocess
import sys

from tests.helpers.serving import ROOT


def test_an_example_without_its_url_shows_its_usage() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "examples.interrupt"],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("usage: python -m examples.interrupt ws://")
