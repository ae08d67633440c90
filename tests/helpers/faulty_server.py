"""`python -m tests.helpers.faulty_server FAULT serve …`: a tone that breaks, hangs or is slow.

Or, as `mute`, one that speaks nothing; or, as `busy`, an event loop that has no time left.
"""

import sys
import time

import numpy as np

from engine.runner import Runner
from engine.runners.tone import ToneRunner
from engine.steps import RowResult, StepPlan, StepResult
from engine.warm_up import FIRST_ID
from server import loop_load, models
from server.__main__ import main

#: Longer than any test lasts.
FOR_EVER_S = 3_600.0
#: A sequence has spoken by then.
NUM_GOOD_STEPS = 5


#: Longer than all that a step may make.
SLOW_S = 0.5


class BusyLoop(loop_load.LoopLoad):
    """As busy as a loop can be."""

    async def measure(self) -> None:
        self._busy = 1.0


class FaultyRunner(ToneRunner):
    """Speaks a little, then raises, never comes back, or takes its time."""

    def __init__(self, fault: str) -> None:
        super().__init__()
        self._fault = fault
        self._is_warm = False
        self._num_steps = 0

    def run(self, plan: StepPlan) -> StepResult:
        self._is_warm |= any(a.sequence_id < FIRST_ID for a in plan.admissions)
        self._num_steps += self._is_warm and bool(plan.rows)
        if self._fault == "mute":
            silence = np.zeros(0, np.int16)
            mute = (RowResult(row.slot, silence, error="nothing comes out") for row in plan.rows)
            return StepResult(tuple(mute))
        if self._num_steps > NUM_GOOD_STEPS:
            if self._fault == "raise":
                raise RuntimeError("a fault was asked for")
            time.sleep(SLOW_S if self._fault == "slow" else FOR_EVER_S)
        return super().run(plan)


def _load_runner(name: str, *, tone_step_ms: str = "") -> Runner:
    assert (name, tone_step_ms) == ("tone", "")
    return FaultyRunner(FAULT)


if __name__ == "__main__":
    FAULT = sys.argv.pop(1)
    if FAULT == "busy":
        loop_load.LoopLoad = BusyLoop  # type: ignore[misc] # before the server looks it up
    else:
        models.load_runner = _load_runner
    sys.exit(main())
