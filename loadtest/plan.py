"""What the scheduler costs a step: `python -m loadtest.plan`.

Calls that all want audio in every step, on the tone runner in virtual time; the runner's own time
is not counted. Exits with 1 where a bound is missed.
"""

import statistics
import sys
import time

from engine.commands import AppendText, Open
from engine.request import SynthesisRequest
from engine.runners.tone import ToneRunner
from engine.scheduling.limits import SchedulerLimits
from engine.scheduling.scheduler import Scheduler

NUMS_CALLS = (100, 400, 1_000)
STEPS = 200
#: As long as a frame, so that every call goes on wanting the next.
STEP_S = 0.040
#: An eighth of a frame: the rest is the model's.
BOUND_S = 0.005
TEXT = "The quick brown fox jumps over the lazy dog by the river. " * 40
UNBOUNDED = 2**40


def main() -> int:
    """Measure, print, and compare with the bound."""
    medians_s = [_measure(num_calls) for num_calls in NUMS_CALLS]
    return 0 if max(medians_s) < BOUND_S else 1


def _measure(num_calls: int) -> float:
    """Print what planning and applying a step cost; return the median of both in seconds."""
    runner = ToneRunner()
    scheduler = _with_calls(num_calls, runner)
    plan_s: list[float] = []
    apply_s: list[float] = []
    for step in range(STEPS):
        now_s = step * STEP_S
        begun_s = time.perf_counter()
        plan = scheduler.plan(now_s)
        plan_s.append(time.perf_counter() - begun_s)
        result = runner.run(plan)
        begun_s = time.perf_counter()
        scheduler.apply(result, now_s + STEP_S)
        apply_s.append(time.perf_counter() - begun_s)
    both_s = [sum(pair) for pair in zip(plan_s, apply_s, strict=True)]
    print(
        f"{num_calls} calls: plan {_ms(plan_s)}, apply {_ms(apply_s)}, both {_ms(both_s)};"
        f" bound of the median {BOUND_S * 1e3:g} ms"
    )
    return statistics.median(both_s)


def _with_calls(num_calls: int, runner: ToneRunner) -> Scheduler:
    scheduler = Scheduler(runner.info, SchedulerLimits(num_slots=num_calls, note_floor=0))
    request = SynthesisRequest(voice=runner.info.voices.default.id)
    for sequence_id in range(1, num_calls + 1):
        scheduler.handle(Open(sequence_id, request, UNBOUNDED), 0.0)
        scheduler.handle(AppendText(sequence_id, TEXT), 0.0)
    return scheduler


def _ms(seconds: list[float]) -> str:
    return f"{statistics.median(seconds) * 1e3:.2f} ms (max {max(seconds) * 1e3:.2f})"


if __name__ == "__main__":
    sys.exit(main())
