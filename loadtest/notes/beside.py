"""Calls beside a queue that is full: `python -m loadtest.notes.beside`.

One server at half of its calls, alone and then with notes that never end, again and again; the
generator and the server have a core each. Exits with 1 where calls are slower beside the notes by
more than a tenth and by more than five milliseconds, and with 2 where every run was void.
"""

import argparse
import json
import math
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urljoin

import httpx

from engine.runners.tone import SAMPLE_RATE_HZ
from loadtest.arguments import positive, positive_real
from loadtest.figures.bounds import BESIDE_MS, BESIDE_SHARE, Report, Runs
from loadtest.figures.processes import Served, offer, served
from loadtest.metrics import Page, metrics_url
from loadtest.notes.verdict import Account, Figure, keep_in
from loadtest.texts import long_text

SECONDS, REPEATS, CALLS = 60.0, 3, 200
#: As `tone-400` of `loadtest.figures`, of whose calls these are half.
_SERVE = ("--model", "tone", "--tone-step-ms", "1:20,1000:20", "--max-calls", "400")
#: Each lasts five minutes, and all of them for longer than any run.
_NOTES, _NOTE_CHARS = 4_000, 4_500
TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True)
class Pair:
    """Two runs, one after the other."""

    alone: Report
    beside: Report
    #: Notes that waited when the calls were over.
    num_waiting: float

    @property
    def void(self) -> list[str]:
        """Return why they tell nothing."""
        return [*self.alone["void"], *self.beside["void"]]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and compare with the bound."""
    parser = argparse.ArgumentParser(prog="python -m loadtest.notes.beside", description=__doc__)
    add = parser.add_argument
    add("--calls", type=positive, default=CALLS, help=f"at once ({CALLS})")
    add("--seconds", type=positive_real, default=SECONDS, help=f"of a run ({SECONDS:g})")
    add("--repeats", type=positive, default=REPEATS, help=f"of each ({REPEATS})")
    keep_in(parser)
    flags = parser.parse_args(arguments)
    account = Account("beside", flags)
    load = ("--hold", "--calls", str(flags.calls), "--rate", "40")
    pairs = [_pair(load, flags.seconds) for _ in range(flags.repeats)]
    told = [pair for pair in pairs if not pair.void]
    status = account.close(_figures(told or pairs), void=[pair.void for pair in pairs])
    return status if told else 2


def _pair(load: Sequence[str], seconds: float) -> Pair:
    with _serving() as server:
        alone = offer(server, load, seconds)
    with _serving() as server:
        _fill(server)
        beside = offer(server, load, seconds)
        num_waiting = _num_waiting(server)
    return Pair(alone, beside, num_waiting)


@contextmanager
def _serving() -> Iterator[Served]:
    with tempfile.TemporaryDirectory() as data, served((*_SERVE, "--data-dir", data)) as server:
        yield server


def _fill(server: Served) -> None:
    """Let more wait than is made while it is measured."""
    text = long_text(_NOTE_CHARS)
    lines = [json.dumps({"text": text, "format": "mulaw"})] * _NOTES
    url = urljoin(metrics_url(server.url), "/v1/notes/batch")
    answer = httpx.post(url, content="\n".join(lines), timeout=TIMEOUT_S, trust_env=False)
    answer.raise_for_status()


def _num_waiting(server: Served) -> float:
    page = httpx.get(metrics_url(server.url), timeout=TIMEOUT_S, trust_env=False)
    return Page(page.raise_for_status().text, time.monotonic()).value("queue_depth")


def _figures(pairs: Sequence[Pair]) -> list[Figure]:
    alone_ms = _median_ms([pair.alone for pair in pairs])
    beside_ms = _median_ms([pair.beside for pair in pairs])
    may_ms = max(BESIDE_SHARE * alone_ms, BESIDE_MS)
    return [
        Figure("first audio of calls alone, p99 ms", alone_ms),
        Figure("first audio of calls beside notes, p99 ms", beside_ms),
        Figure("slower by ms", beside_ms - alone_ms, most=may_ms),
        Figure("underruns of calls beside notes", _most(pairs, "underruns", "0_ms"), most=0),
        Figure("seconds of notes made in a second", statistics.median(map(_pace, pairs))),
        Figure("notes that waited at the end", min(p.num_waiting for p in pairs), least=1),
    ]


def _median_ms(reports: Sequence[Report]) -> float:
    p99s = [report["first_audio"]["p99_ms"] for report in reports]
    return statistics.median(math.inf if p99 is None else p99 for p99 in p99s)


def _most(pairs: Sequence[Pair], *path: str) -> float:
    return max(float(Runs(pair.beside).at(*path)) for pair in pairs)


def _pace(pair: Pair) -> float:
    """Return what the engine has made for notes, in seconds of audio a second."""
    samples = [report["metrics"]["samples_generated_per_s"] for report in (pair.alone, pair.beside)]
    return float(samples[1] - samples[0]) / SAMPLE_RATE_HZ


if __name__ == "__main__":
    sys.exit(main())
