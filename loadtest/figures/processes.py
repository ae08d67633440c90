"""Server and generator as processes, each on a core of its own."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from loadtest.figures.bounds import Report

#: A server whose clients have left ends in a second or two; what takes longer hangs.
STOP_TIMEOUT_S = 40.0
#: Beside the measured time: ten thousand connections, the arrivals, and the last turns.
OFFER_TIMEOUT_S = 300.0
#: What `loadtest.openloop` says with its exit status: all went well, or the run is void.
_DONE = (0, 2)


class FigureFailed(Exception):
    """The server or the generator could not do what the figure asks."""


@dataclass(frozen=True, slots=True)
class Served:
    """A server that is ready."""

    url: str
    pid: int


@contextmanager
def served(flags: Sequence[str]) -> Iterator[Served]:
    """Run `voxline serve` on the first core while the block runs.

    Raises:
        FigureFailed: it does not come up.
    """
    command = [*_on_core(0), "-m", "server", "serve", *flags, "--port", "0"]
    with (
        tempfile.TemporaryFile("w+") as log,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True) as process,  # noqa: S603 our own
    ):
        try:
            yield Served(_url(process, log), process.pid)
        finally:
            _stop(process)


def offer(server: Served, flags: Sequence[str], seconds: float) -> Report:
    """Run `loadtest.openloop` on the last core; return its report.

    Raises:
        FigureFailed: it could not run.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "report.json"
        command = [
            *_on_core(-1), "-m", "loadtest.openloop", server.url, *flags,
            "--seconds", f"{seconds:g}", "--pid", str(server.pid), "--json", str(file),
        ]  # fmt: skip
        try:
            done = subprocess.run(  # noqa: S603 our own
                command, check=False, capture_output=True, text=True,
                timeout=seconds + OFFER_TIMEOUT_S,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise FigureFailed("the generator did not come to an end") from None
        if done.returncode not in _DONE:
            raise FigureFailed(_last_line(done.stderr))
        report: Report = json.loads(file.read_text(encoding="utf-8"))
        return report


def _on_core(place: int) -> list[str]:
    """Begin a Python command that runs on one of this process's cores alone."""
    core = sorted(os.sched_getaffinity(0))[place]
    return ["taskset", "--cpu-list", str(core), sys.executable]


def _url(process: "subprocess.Popen[str]", log: IO[str]) -> str:
    url = ""
    for line in process.stdout or ():
        if line.startswith("calls"):
            url = line.split()[1].rstrip(",")
        if line.strip() == "ready":
            return url
    log.seek(0)
    raise FigureFailed(f"the server did not come up: {_last_line(log.read())}")


def _stop(process: "subprocess.Popen[str]") -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["it said nothing"])[-1]
