"""What a runner's steps take, measured before anybody waits for one."""

import statistics
import time
from collections.abc import Callable

from engine.errors import ModelUnavailable
from engine.request import SynthesisRequest
from engine.runner import Runner
from engine.scheduling.step_times import StepTimeModel
from engine.steps import Admission, Prefill, Row, StepPlan
from engine.text.segment import Segment

#: A batch is not doubled again once measuring took this long: a server should start in seconds.
#: What larger batches take is extrapolated, and learned when they come.
BUDGET_S = 2.0
#: Two sizes are measured however long it takes, or nothing would tell what a further row costs.
_LEAST_SIZES = 2
#: So long a batch speaks at most after it was timed. A model that misses its end would spend
#: everything on the first one.
_SPEAKING_S = 0.5
#: Frames of a row in the steps between: as many as the scheduler plans at most.
_CHUNK_FRAMES = 8
#: Steps of a single frame that are timed; their median leaves out a hiccup.
_NUM_TIMED = 3
_TEXT = "Hello there."
#: Above the ids of all sequences that a server opens.
FIRST_ID = 1 << 60


def warm_up(
    runner: Runner,
    times: StepTimeModel,
    max_rows: int,
    clock: Callable[[], float] = time.perf_counter,
) -> None:
    """Measure batches of 1, 2, 4, … and at last `max_rows` rows, two of them or for `BUDGET_S`.

    Raises:
        ModelUnavailable: a row fails. So would those of whoever is served.
    """
    _Batch(runner, 1, clock).rehearse()
    began_s = clock()
    powers = [1 << exponent for exponent in range(max_rows.bit_length())]
    for number, num_rows in enumerate(sorted({*powers, max_rows})):
        if number < _LEAST_SIZES or clock() - began_s < BUDGET_S:
            times.measure(num_rows, *_Batch(runner, num_rows, clock).measure())


class _Batch:
    """A number of sequences that say the same."""

    def __init__(self, runner: Runner, num_rows: int, clock: Callable[[], float]) -> None:
        self._runner = runner
        self._clock = clock
        self._speaking = set(range(num_rows))
        self._num_rows = num_rows
        self._num_frames = 0.0
        self._seconds = 0.0

    def rehearse(self) -> None:
        """Do a step that nobody times: the first meets memory and kernels not used before."""
        self._begin()
        self._step(1)
        self._end()

    def measure(self) -> tuple[float, float]:
        """Return the seconds of a step of one frame a row, and the part that a further one takes.

        A runner may make audio ahead in bursts. So its share of all that was spoken counts as well
        as a single step in the middle of it: the larger of the two.
        """
        self._begin()
        begun: set[int] = set()
        while len(begun) < self._num_rows and self._speaking:
            begun |= self._step(_CHUNK_FRAMES)[0]
        singles_s = [self._step(1)[1] for _ in range(_NUM_TIMED) if self._speaking]
        single_s = statistics.median(singles_s or [0.0])
        further_share = self._further_share(single_s)
        timed_s = self._clock()
        while self._speaking and self._clock() - timed_s < _SPEAKING_S:
            self._step(_CHUNK_FRAMES)
        self._end()
        whole_s = self._num_rows * self._seconds / max(self._num_frames, 1.0)
        return max(whole_s, single_s), further_share

    def _further_share(self, single_s: float) -> float:
        num_rows, before = len(self._speaking), self._num_frames
        if not single_s or num_rows < self._num_rows:
            return 1.0
        _, chunk_s = self._step(_CHUNK_FRAMES)
        num_further = (self._num_frames - before) / num_rows - 1
        if num_further < 1:
            return 1.0
        return min(max(chunk_s / single_s - 1, 0.0) / num_further, 1.0)

    def _ids(self) -> range:
        return range(FIRST_ID, FIRST_ID + self._num_rows)

    def _begin(self) -> None:
        request = SynthesisRequest(voice=self._runner.info.voices.default.id)
        segment = Segment(_TEXT, 0, len(_TEXT))
        slots = range(self._num_rows)
        self._runner.run(
            StepPlan(
                admissions=tuple(
                    Admission(slot, sequence_id, request)
                    for slot, sequence_id in zip(slots, self._ids(), strict=True)
                ),
                prefills=tuple(Prefill(slot, segment) for slot in slots),
            )
        )

    def _end(self) -> None:
        self._runner.run(StepPlan(released=tuple(self._ids())))

    def _step(self, num_frames: int) -> tuple[set[int], float]:
        """Do a step; return the rows it made, and the seconds it took."""
        began_s = self._clock()
        rows = tuple(Row(slot, num_frames) for slot in sorted(self._speaking))
        result = self._runner.run(StepPlan(rows=rows))
        seconds = self._clock() - began_s
        self._seconds += seconds
        frame = self._runner.info.frame_samples
        self._num_frames += sum(len(row.pcm) for row in result.rows) / frame
        for row in result.rows:
            if row.error is not None:
                raise ModelUnavailable(f"the model cannot speak: {row.error}")
            if row.segment_done:
                self._speaking.discard(row.slot)
        # Nobody here gives up memory for others.
        self._speaking.difference_update(result.starved)
        return {row.slot for row in result.rows}, seconds
