"""`python -m tests.helpers.deadly_server serve …`: a tone that ends the process at a word.

And that takes its time, so that others are in the middle of something then.
"""

import os
import sys

from engine.runner import Runner
from engine.runners.tone import StepTimes, ToneRunner
from engine.steps import StepPlan, StepResult
from server import models
from server.__main__ import main

DEADLY = "poison"
STEP_S = 0.002


class DeadlyRunner(ToneRunner):
    """Dies as a library does that writes where it should not: nobody is told."""

    def run(self, plan: StepPlan) -> StepResult:
        if any(DEADLY in prefill.segment.text for prefill in plan.prefills):
            os.kill(os.getpid(), 9)
        return super().run(plan)


def _load_runner(name: str, *, tone_step_ms: str = "") -> Runner:
    assert (name, tone_step_ms) == ("tone", "")
    return DeadlyRunner(StepTimes({1: STEP_S}))


if __name__ == "__main__":
    models.load_runner = _load_runner
    sys.exit(main())
