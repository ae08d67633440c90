"""Runners that fail or fall behind, each in one way."""

from dataclasses import replace

from engine.runners.tone import ToneRunner
from engine.steps import FinishReason, StepPlan, StepResult


class BrokenRunner(ToneRunner):
    """Raises at its first row: the engine is gone."""

    def run(self, plan: StepPlan) -> StepResult:
        if plan.rows:
            raise RuntimeError("broken")
        return super().run(plan)


class BadRowRunner(ToneRunner):
    """Fails one row after it has made `after` rows: one sequence is gone."""

    def __init__(self, after: int) -> None:
        super().__init__(sleep=lambda _: None)
        self._left = after

    def run(self, plan: StepPlan) -> StepResult:
        rows = list(super().run(plan).rows)
        if 0 <= self._left < len(rows):
            bad = rows[self._left]
            rows[self._left] = replace(bad, pcm=bad.pcm[:0], segment_done=False, error="bad row")
        self._left -= len(rows)
        return StepResult(tuple(rows))


class StuckRunner(ToneRunner):
    """Makes `after` rows and leaves out all later ones, as a step that has no time for them."""

    def __init__(self, after: int) -> None:
        super().__init__(sleep=lambda _: None)
        self._left = after
        self.num_samples = 0

    def run(self, plan: StepPlan) -> StepResult:
        rows = plan.rows[: self._left]
        self._left -= len(rows)
        result = super().run(replace(plan, rows=rows))
        self.num_samples += sum(len(row.pcm) for row in result.rows)
        return result


class LostRunner(ToneRunner):
    """Loses its way in its third step: whoever speaks then is done."""

    def __init__(self, reason: FinishReason) -> None:
        super().__init__(sleep=lambda _: None)
        self._reason = reason
        self._num_steps = 0
        self.released: list[int] = []

    def run(self, plan: StepPlan) -> StepResult:
        self.released += plan.released
        rows = super().run(plan).rows
        self._num_steps += bool(rows)
        if self._num_steps == 3:
            rows = tuple(replace(row, segment_done=True, gave_up=self._reason) for row in rows)
        return StepResult(rows)
