"""What the host does in a step, around the tensors: `python -m loadtest.host`.

The scheduler, S1's runner and what hands its outputs over speak for a batch of calls with a model
whose forward is free. Exits with 1 where the bound is missed.
"""

import argparse
import json
import statistics
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import TypeVar

import torch

from engine.commands import Command
from engine.outputs import Output
from engine.request import Sampling, SynthesisRequest
from engine.runners.s1.runner import S1Runner
from engine.scheduling.limits import SchedulerLimits
from engine.scheduling.scheduler import Scheduler
from engine.voices import DEFAULT_VOICE
from loadtest.arguments import new_file, positive
from loadtest.device import present_device
from loadtest.free_model import free_model, free_noise, free_replays
from loadtest.machine import machine
from server.admission import Admission
from server.engine_client import EngineClient
from server.garbage import tame_gc

#: A frame of S1-mini lasts 46 ms: of a GPU's time in it, no more than this may be spent waiting.
BOUND_MS = 1.0
BATCH = 64
STEPS = 300
#: No segment ends meanwhile: what begins one is not of every step.
MAX_STEPS = 350
#: Prompts are read before it is measured.
_UNMEASURED = 100
_UNBOUNDED = 2**62
#: Its first segment lasts 460 steps.
_TEXT = "What a bench says does not matter as long as it goes on and " * 4
#: Tokens of a sequence's prompt and of what it says.
_TOKENS = 1_024
_PARTS = ("plan", "run", "apply", "deliver")

_T = TypeVar("_T")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and compare with the bound."""
    parser = argparse.ArgumentParser(prog="python -m loadtest.host", description=__doc__)
    parser.add_argument("--batch", type=positive, default=BATCH, help=f"calls ({BATCH})")
    parser.add_argument(
        "--steps", type=_steps, default=STEPS, help=f"measured ({STEPS}), at most {MAX_STEPS}"
    )
    parser.add_argument("--device", type=present_device, default="cpu")
    parser.add_argument("--json", type=new_file, metavar="FILE", help="write everything to FILE")
    flags = parser.parse_args(arguments)
    title = f"{machine()}; torch {torch.__version__}, {flags.device}, {flags.batch} rows"
    print(title)
    figures = _figures(Host(flags.batch, flags.device).measure(flags.steps))
    if flags.json is not None:
        result = {"machine": title, "bound_ms": BOUND_MS} | figures
        flags.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    return _report(figures)


def _report(figures: dict[str, float]) -> int:
    """Print the figures; return the exit status."""
    for part in _PARTS:
        print(f"{part:8} {figures[f'{part}_ms']:.3f} ms")
    is_met = figures["step_ms"] <= BOUND_MS
    print(
        f"a step   {figures['step_ms']:.3f} ms, at best {figures['best_step_ms']:.3f}; "
        f"bound {BOUND_MS:g} ms: {'kept' if is_met else 'MISSED'}"
    )
    return 0 if is_met else 1


def _figures(steps: Sequence[dict[str, float]]) -> dict[str, float]:
    """Return the median of each part and of whole steps, and the best of these."""
    whole = [sum(step.values()) for step in steps]
    parts = {f"{part}_ms": _median_ms([step[part] for step in steps]) for part in _PARTS}
    return parts | {"step_ms": _median_ms(whole), "best_step_ms": min(whole) * 1e3}


def _steps(text: str) -> int:
    number = positive(text)
    if number > MAX_STEPS:
        raise argparse.ArgumentTypeError(f"must be {MAX_STEPS} at most: a segment ends then")
    return number


class Host:
    """An engine without its thread, and the event loop's end of it without a loop."""

    def __init__(self, batch: int, device: torch.device) -> None:
        """Open `batch` calls, each with a text and all the credit it may want."""
        # One thread: the tensors that are left are too small for more.
        torch.set_num_threads(1)
        self._batch = batch
        self._runner = S1Runner(
            free_model(batch, device),
            {DEFAULT_VOICE: None},
            num_lanes=batch,
            num_cached=batch * _TOKENS,
            noise=free_noise,
            capture=free_replays,
        )
        # A frame of each row in every step, as where calls are in real time.
        limits = SchedulerLimits(num_slots=batch, note_floor=0, max_chunk_frames=1)
        self._scheduler = Scheduler(self._runner.info, limits)
        self._client = EngineClient(self._runner.info, self._take, Admission(batch, 0))
        self._inboxes: list[deque[Output]] = []
        for seed in range(batch):
            inbox: deque[Output] = deque(maxlen=1)
            request = SynthesisRequest(voice=DEFAULT_VOICE, sampling=Sampling(seed=seed))
            utterance = self._client.open(request, _UNBOUNDED, inbox.append)
            utterance.append(_TEXT)
            self._inboxes.append(inbox)

    def measure(self, num_steps: int) -> list[dict[str, float]]:
        """Return the seconds of every part of each step that made a frame of every row."""
        for _ in range(_UNMEASURED):
            self._step(is_measured=False)
        tame_gc()
        return [self._step() for _ in range(num_steps)]

    def _step(self, *, is_measured: bool = True) -> dict[str, float]:
        spent: dict[str, float] = {}
        plan = _timed(spent, "plan", lambda: self._scheduler.plan(time.monotonic()))
        result = _timed(spent, "run", lambda: self._runner.run(plan))
        is_whole = len(result.rows) == self._batch and not any(r.segment_done for r in result.rows)
        if is_measured and not is_whole:
            raise RuntimeError("not every row made a frame")
        outputs = _timed(spent, "apply", lambda: self._scheduler.apply(result, time.monotonic()))
        _timed(spent, "deliver", lambda: self._client.deliver(outputs))
        return spent

    def _take(self, command: Command) -> None:
        self._scheduler.handle(command, time.monotonic())


def _timed(spent: dict[str, float], part: str, work: Callable[[], _T]) -> _T:
    began_s = time.perf_counter()
    made = work()
    spent[part] = time.perf_counter() - began_s
    return made


def _median_ms(seconds: Sequence[float]) -> float:
    return statistics.median(seconds) * 1e3


if __name__ == "__main__":
    sys.exit(main())
