"""Measure a figure, or all of them: `python -m loadtest.figures NAME|all`.

Starts a server and a generator on cores of their own for every run, compares the best run with the
figure's bounds, and keeps all runs in `loadtest/results/NAME.json`. Exits with 1 where a bound is
missed, and with 2 where every run was void.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from loadtest.arguments import positive, positive_real
from loadtest.figures.measuring import Verdict, measure
from loadtest.figures.table import FIGURES

#: One that is disturbed, one that is slow to warm up, and one more.
REPEATS = 3
RESULTS = Path(__file__).parent.parent / "results"
_STATUS = {Verdict.MISSED: 1, Verdict.VOID: 2, Verdict.MET: 0}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what was asked for; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m loadtest.figures", description=__doc__)
    parser.add_argument("name", choices=[*(figure.name for figure in FIGURES), "all"])
    parser.add_argument(
        "--repeats", type=positive, default=REPEATS, help=f"the best of so many ({REPEATS})"
    )
    parser.add_argument("--seconds", type=positive_real, help="measure for so long: a quick look")
    flags = parser.parse_args(arguments)
    verdicts = {
        measure(figure, flags.seconds or figure.seconds, flags.repeats, RESULTS)
        for figure in FIGURES
        if flags.name in (figure.name, "all")
    }
    # A missed bound says more than a void run.
    return next(status for verdict, status in _STATUS.items() if verdict in verdicts)


if __name__ == "__main__":
    sys.exit(main())
