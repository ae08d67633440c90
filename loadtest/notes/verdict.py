"""What was measured, with its bounds: printed, kept, and judged."""

import argparse
import json
import math
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loadtest.arguments import new_file
from loadtest.machine import machine

ROOT = Path(__file__).parent.parent.parent
RESULTS = Path(__file__).parent.parent / "results"


@dataclass(frozen=True, slots=True)
class Figure:
    """A number, and how far it may go; without limits it is only told."""

    name: str
    value: float
    least: float = -math.inf
    most: float = math.inf

    @property
    def is_kept(self) -> bool:
        """Tell whether it is within its limits."""
        return self.least <= self.value <= self.most

    @property
    def line(self) -> str:
        """Return it for the eye."""
        limits = (("at least", self.least), ("at most", self.most))
        shown = [f", {word} {limit:g}" for word, limit in limits if math.isfinite(limit)]
        missed = "" if self.is_kept else "MISSED "
        return f"{missed}{self.name} {round(self.value, 3):g}{''.join(shown)}"

    @property
    def json(self) -> dict[str, Any]:
        """Return it for a file."""
        limits = {"least": self.least, "most": self.most}
        finite = {name: limit for name, limit in limits.items() if math.isfinite(limit)}
        value = round(self.value, 3) if math.isfinite(self.value) else None
        return {"name": self.name, "value": value, **finite, "kept": self.is_kept}


def keep_in(parser: argparse.ArgumentParser) -> None:
    """Let a program be told where to keep what it has measured."""
    parser.add_argument(
        "--json", type=new_file, metavar="FILE", help="keep it in FILE, and not in loadtest/results"
    )


class Account:
    """A run, from before its beginning."""

    def __init__(self, name: str, flags: argparse.Namespace) -> None:
        """Begin the run `name` with `flags`."""
        self._file = flags.json or RESULTS / f"notes-{name}.json"
        asked = {flag: value for flag, value in vars(flags).items() if flag != "json"}
        self._told = {"name": name, **asked, "commit": _commit()}
        self._load_before = os.getloadavg()

    def close(self, figures: Sequence[Figure], **happened: object) -> int:
        """Print the figures and keep them, with what has happened; return the exit status."""
        kept = {
            **self._told,
            **happened,
            "machine": machine(),
            "load_averages": {"before": self._load_before, "after": os.getloadavg()},
            "figures": [figure.json for figure in figures],
        }
        self._file.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
        print(machine())
        print("\n".join(figure.line for figure in figures), flush=True)
        return 0 if all(figure.is_kept for figure in figures) else 1


def _commit() -> str | None:
    """Return which commit is measured, with a mark where it was changed; none from an archive.

    What an earlier run has kept is no change.
    """
    commit = _git("rev-parse", "HEAD").stdout.strip()
    is_changed = _git("diff", "--quiet", "HEAD", "--", ".", f":(exclude){RESULTS}").returncode
    return commit + "-dirty" * bool(is_changed) if commit else None


def _git(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["git", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 our own
