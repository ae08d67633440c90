"""The figures of `loadtest.pipecat` can be had; what they are on a busy machine does not count."""

import re
import subprocess

from tests.helpers.pages import command, run_here
from tests.helpers.serving import ROOT, Server

FIGURE = r": p50 \S+ ms, p95 (\S+) ms, max \S+ ms of (\d+); bound of p95 (\S+) ms$"


def test_it_prints_the_machine_and_every_figure_with_its_bound(espeak: Server) -> None:
    scaled = command("pipecat", "loadtest") + " --turns 1 --interruptions 3"
    done = subprocess.run(
        run_here(scaled, espeak),
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=100,
    )
    machine, counts, *figures = done.stdout.splitlines()
    assert "cores, Python 3." in machine
    assert counts.endswith("audio after an interruption: 0; errors: 0")
    missed = not counts.startswith("gaps: 0;")
    for figure, count in zip(figures, (1, 3), strict=True):
        found = re.search(FIGURE, figure)
        assert found, figure
        assert int(found[2]) == count
        missed |= float(found[1]) >= float(found[3])
    assert done.returncode == missed
