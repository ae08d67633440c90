"""A runner whose steps are counted."""

import time

from engine.runner import ModelInfo, Runner
from engine.scheduling.step_times import StepTimeModel
from engine.steps import StepPlan, StepResult
from server.metrics import Metrics


class MeteredRunner:
    """Passes every plan on, counts what was done, and teaches `times` how long it took."""

    def __init__(
        self, runner: Runner, metrics: Metrics, times: StepTimeModel, num_slots: int
    ) -> None:
        """Take as the room of a step the rows of the model, or the slots if they are fewer."""
        self._runner = runner
        self._metrics = metrics
        self._times = times
        self._room = min(runner.info.max_rows, num_slots)

    @property
    def info(self) -> ModelInfo:
        """What the model is and can do."""
        return self._runner.info

    def run(self, plan: StepPlan) -> StepResult:
        """Do one step."""
        began_s = time.perf_counter()
        result = self._runner.run(plan)
        if plan.rows:
            self._count(plan, result, time.perf_counter() - began_s)
        return result

    def close(self) -> None:
        """Close the runner."""
        self._runner.close()

    def _count(self, plan: StepPlan, result: StepResult, step_s: float) -> None:
        num_samples = sum(len(row.pcm) for row in result.rows)
        num_frames = -(-num_samples // self.info.frame_samples)
        # What a bad row takes says nothing of the good ones, nor does one that found no memory.
        if not result.starved and all(row.error is None for row in result.rows):
            self._times.observe(len(plan.rows), len(result.rows), num_frames, step_s)
        self._metrics.step.observe(step_s)
        self._metrics.batch.observe(len(result.rows))
        self._metrics.occupancy.set(len(result.rows) / self._room)
        self._metrics.samples_generated.inc(num_samples)
        self._metrics.audio.inc(num_samples / self.info.sample_rate_hz)
