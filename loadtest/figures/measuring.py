"""One figure: run some times, compared with its bounds, and kept whole."""

import json
import math
from collections.abc import Sequence
from enum import Enum
from pathlib import Path
from typing import Any

from loadtest.figures.bounds import Runs
from loadtest.figures.processes import FigureFailed, offer, served
from loadtest.figures.table import Figure


class Verdict(Enum):
    """What became of a figure."""

    MET = "met"
    MISSED = "missed"
    #: Every run of it was void: nothing is known.
    VOID = "void"


def measure(figure: Figure, seconds: float, repeats: int, folder: Path) -> Verdict:
    """Run it, write all of it to `folder`, print a line."""
    try:
        runs = [_run(figure, seconds) for _ in range(repeats)]
    except FigureFailed as error:
        print(f"{figure.name}: could not be measured: {error}")
        return Verdict.MISSED
    best, verdict = judge(runs)
    kept = {
        "figure": figure.name,
        "verdict": verdict.value,
        "serve": figure.serve,
        "load": figure.load,
        "beside": figure.beside,
        "seconds": seconds,
        "best": best,
        "runs": runs,
    }
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(kept, indent=2) + "\n"
    (folder / f"{figure.name}.json").write_text(text, encoding="utf-8")
    shown = runs[-1 if best is None else best]
    print(_line(figure.name, verdict, shown, repeats), flush=True)
    return verdict


def _run(figure: Figure, seconds: float) -> dict[str, Any]:
    """Measure on a new server; what it is compared with, on another just before."""
    beside = None
    if figure.beside is not None:
        with served(figure.serve) as server:
            beside = offer(server, figure.beside, seconds)
    with served(figure.serve) as server:
        report = offer(server, figure.load, seconds)
    void = report["void"] + (beside["void"] if beside is not None else [])
    checks = [bound.check(Runs(report, beside)) for bound in figure.bounds]
    return {"void": void, "bounds": checks, "report": report, "beside": beside}


def judge(runs: Sequence[dict[str, Any]]) -> tuple[int | None, Verdict]:
    """Return which run is the best, and what it means.

    It is the one that misses least, and then the one with the lowest first number; never a void
    one.
    """

    def badness(index: int) -> tuple[int, float]:
        checks = runs[index]["bounds"]
        value = checks[0]["value"]
        return sum(not check["kept"] for check in checks), math.inf if value is None else value

    best = min((i for i, run in enumerate(runs) if not run["void"]), key=badness, default=None)
    if best is None:
        return None, Verdict.VOID
    met = all(check["kept"] for check in runs[best]["bounds"])
    return best, Verdict.MET if met else Verdict.MISSED


def _line(name: str, verdict: Verdict, run: dict[str, Any], repeats: int) -> str:
    checks = "; ".join(map(_shown, run["bounds"]))
    why = f" ({'; '.join(run['void'])})" if verdict is Verdict.VOID else ""
    return f"{name}: {verdict.value}{why}, of {repeats}: {checks}"


def _shown(check: dict[str, Any]) -> str:
    limit = f"at most {check['most']:g}" if "most" in check else f"at least {check['least']:g}"
    value = "unknown" if check["value"] is None else f"{check['value']:g}"
    return f"{'' if check['kept'] else 'MISSED '}{check['name']} {value}, {limit}"
