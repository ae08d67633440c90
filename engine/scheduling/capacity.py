"""How many calls can be kept in real time together."""

from engine.runner import ModelInfo
from engine.scheduling.limits import SchedulerLimits
from engine.scheduling.step_times import StepTimeModel

#: The part of real time that calls may take. The rest absorbs what no average shows: a late timer,
#: a burst of text, the first frames of new calls.
SHARE = 0.8


class Capacity:
    """Asks the step-time model. Any thread may ask it."""

    def __init__(self, model: ModelInfo, limits: SchedulerLimits, times: StepTimeModel) -> None:
        self._frame_s = model.frame_samples / model.sample_rate_hz
        self._room = min(model.max_rows, limits.num_slots)
        self._call_rows = limits.call_rows(self._room)
        self._note_rows = limits.note_rows(self._room)
        self._times = times

    def keeps(self, num_calls: int) -> bool:
        """Tell whether so many calls get a frame each in its time, beside the notes' floor."""
        num_steps = -(-num_calls // self._call_rows)
        step_rows = min(num_calls + self._note_rows, self._room)
        step_s = self._times.predict(step_rows)
        if num_calls == 1:
            # Where nobody calls nothing is learned: a bad day is not believed in for ever, be it
            # that of the start or one since.
            step_s = min(step_s, self._times.measured(step_rows))
        return num_steps * step_s <= SHARE * self._frame_s

    def num_rows(self) -> int:
        """Return the most rows of a step for which every call can wait."""
        return self._times.most_rows(SHARE * self._frame_s, self._room)
