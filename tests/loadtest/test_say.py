"""The figures of `loadtest.say` can be had: what it runs is there, and it names the machine."""

import re
import subprocess

from tests.helpers.pages import command, run_here
from tests.helpers.serving import ROOT


def test_it_prints_the_machine_and_every_figure_with_its_bound() -> None:
    done = subprocess.run(
        run_here(command("say", "loadtest") + " --rounds 1"),
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stderr == ""
    machine, *figures = done.stdout.splitlines()
    assert re.search(r".+, \d+ cores, Python 3\.\S+, load average \S+$", machine)
    missed = []
    for figure in figures:
        found = re.search(r": median \S+ ms, max (\S+) ms of (\S+)$", figure)
        assert found, figure
        missed.append(float(found[1]) >= float(found[2]))
    assert len(figures) == 2
    assert done.returncode == any(missed)
