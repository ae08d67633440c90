"""How fast a sentence is spoken without a server: `python -m loadtest.say`.

Times the whole process of `voxline say`, and the first PCM of a model that is ready. Exits with 1
where a bound is missed.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from engine.request import SynthesisRequest
from engine.runner import Runner
from engine.speaking import speak
from loadtest.arguments import positive
from loadtest.machine import machine
from server.models import load_runner

SENTENCE = "The quick brown fox jumps over the lazy dog by the river."
ROUNDS = 10
#: A command line that answers later feels slow.
PROCESS_BOUND_S = 0.5
#: A tenth of what a caller may wait for first audio.
FIRST_PCM_BOUND_S = 0.020


def main() -> int:
    """Measure, print, and compare with the bounds."""
    rounds = range(_rounds())
    print(machine())
    with tempfile.TemporaryDirectory() as folder:
        process_s = [_timed(lambda: _say(Path(folder) / "say.wav")) for _ in rounds]
    runner = load_runner("espeak")
    first_s = [_timed(lambda: _first_pcm(runner)) for _ in rounds]
    runner.close()
    met = [
        _report("voxline say, whole process", process_s, PROCESS_BOUND_S),
        _report("first PCM of a ready model", first_s, FIRST_PCM_BOUND_S),
    ]
    return 0 if all(met) else 1


def _rounds() -> int:
    parser = argparse.ArgumentParser(prog="loadtest.say", description=__doc__)
    parser.add_argument("--rounds", type=positive, default=ROUNDS, help=f"runs of each ({ROUNDS})")
    rounds: int = parser.parse_args().rounds
    return rounds


def _say(path: Path) -> None:
    command = [sys.executable, "-m", "server", "say", SENTENCE, "-o", str(path)]
    subprocess.run(command, check=True)  # noqa: S603 our own command


def _first_pcm(runner: Runner) -> None:
    request = SynthesisRequest(voice=runner.info.voices.default.id)
    next(chunk for chunk in speak(runner, request, [SENTENCE]) if len(chunk.pcm))


def _timed(action: Callable[[], None]) -> float:
    started_s = time.perf_counter()
    action()
    return time.perf_counter() - started_s


def _report(name: str, seconds: list[float], bound_s: float) -> bool:
    median, worst = statistics.median(seconds), max(seconds)
    print(f"{name}: median {median * 1e3:.1f} ms, max {worst * 1e3:.1f} ms of {bound_s * 1e3:g}")
    return worst < bound_s


if __name__ == "__main__":
    sys.exit(main())
