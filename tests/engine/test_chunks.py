"""A step of a slow model has the time for a chunk, but no call waits for it."""

from dataclasses import replace

import pytest

from engine.runners.tone import FRAME_SAMPLES, SAMPLE_RATE_HZ
from engine.scheduling.limits import SchedulerLimits
from engine.scheduling.scheduler import Scheduler
from engine.scheduling.step_times import StepTimeModel
from engine.steps import StepPlan, StepResult
from tests.helpers.virtual_clock import VirtualClock
from tests.helpers.virtual_engine import VirtualEngine, instant_tone

FRAME_S = FRAME_SAMPLES / SAMPLE_RATE_HZ
LIMITS = SchedulerLimits(num_slots=8, note_floor=1)
TEXT = "The quick brown fox jumps over the lazy dog. " * 4
#: What a frame of a row takes: too long for a call, and short enough for several within a second.
SLOW_S = 0.160


class FrameByFrameRunner:
    """A tone that takes `frame_s` for a frame of all rows, and looks at the clock after each.

    After the first, a frame takes `further_share` of it.
    """

    def __init__(self, frame_s: float, further_share: float = 1.0) -> None:
        self.clock = VirtualClock()
        self._frame_s = frame_s
        self._further_s = frame_s * further_share
        self._tone = instant_tone()
        self.info = self._tone.info
        #: The frames of the longest row of each step.
        self.num_frames: list[int] = []

    def run(self, plan: StepPlan) -> StepResult:
        deadline_s = self.clock() + plan.time_budget_s
        most = max((row.num_frames for row in plan.rows), default=0)
        num_made = 0
        while num_made < most:
            self.clock.sleep(self._further_s if num_made else self._frame_s)
            num_made += 1
            if self.clock() >= deadline_s:
                break
        self.num_frames += [num_made] * bool(plan.rows)
        rows = tuple(replace(row, num_frames=min(row.num_frames, num_made)) for row in plan.rows)
        return self._tone.run(replace(plan, rows=rows))

    def close(self) -> None:
        self._tone.close()


class TimedEngine(VirtualEngine):
    """An engine whose clock is the runner's, and whose scheduler knows what a step takes."""

    def __init__(self, frame_s: float, further_share: float = 1.0) -> None:
        self.timed = FrameByFrameRunner(frame_s, further_share)
        super().__init__(LIMITS, runner=self.timed)
        times = StepTimeModel()
        for num_rows in (1, 2, 8):
            times.measure(num_rows, frame_s, further_share)
        self.scheduler = Scheduler(self.timed.info, LIMITS, times)

    def step(self) -> StepPlan:
        self.now_s = self.timed.clock()
        plan = self.plan()
        result = self.timed.run(plan)
        self.now_s = self.timed.clock()
        self._record(self.scheduler.apply(result, self.now_s))
        return plan


def test_a_note_on_a_slow_model_gets_as_many_frames_as_fit_into_its_time() -> None:
    engine = TimedEngine(SLOW_S)
    engine.note(1, TEXT)
    engine.step()
    assert engine.timed.num_frames == [-(-LIMITS.slow_step_budget_s // SLOW_S)]
    engine = TimedEngine(FRAME_S)
    engine.note(1, TEXT)
    # Long enough for a row alone; with more rows a step makes less of each.
    assert engine.step().time_budget_s == pytest.approx(8 * FRAME_S)
    assert engine.timed.num_frames == [8]


def test_a_model_that_keeps_calls_makes_none_wait_for_a_chunk() -> None:
    engine = TimedEngine(FRAME_S / 2)
    engine.note(1, TEXT)
    engine.step()
    assert engine.timed.num_frames == [1]


@pytest.mark.parametrize("frame_s", [FRAME_S, SLOW_S])
def test_the_first_audio_of_a_call_waits_for_one_frame(frame_s: float) -> None:
    engine = TimedEngine(frame_s)
    engine.note(1, TEXT)
    engine.step()
    engine.open(2, TEXT)
    began_s = engine.timed.clock()
    while not engine.samples(2):
        engine.step()
    assert engine.timed.clock() - began_s == pytest.approx(frame_s)


def test_a_first_chunk_is_as_long_as_it_takes_no_longer_than_a_frame() -> None:
    first = []
    for further_share in (1.0, 0.5, 0.1, 0.03, 0.01, 0.0):
        engine = TimedEngine(FRAME_S / 2, further_share)
        engine.open(1, TEXT)
        first.append(engine.step().rows[0].num_frames)
    assert first == [1, 1, 2, 4, 8, 8]


def test_what_further_frames_take_decides_how_many_are_made_in_half_of_a_lead() -> None:
    for further_share, num_frames in ((1.0, 1), (0.5, 2), (0.25, 4)):
        engine = TimedEngine(FRAME_S / 2, further_share)
        engine.open(1, TEXT)
        while engine.samples(1) < 4 * FRAME_SAMPLES:
            engine.step()
        lead_s = 1.9 * FRAME_S
        engine.now_s = engine.timed.clock()
        engine.grant(1, 0, played=engine.samples(1) - round(lead_s * SAMPLE_RATE_HZ))
        assert engine.plan().rows[0].num_frames == num_frames


def test_a_note_that_is_listened_to_waits_for_its_first_frame_alone() -> None:
    engine = TimedEngine(SLOW_S)
    engine.note(1, TEXT)
    engine.note(2, TEXT, head_start_s=4.0)
    for _ in range(3):
        engine.step()
    assert engine.timed.num_frames[0] == 1
    assert engine.timed.num_frames[1:] == [-(-LIMITS.slow_step_budget_s // SLOW_S)] * 2


def test_a_call_that_runs_dry_all_the_time_gets_a_frame_at_a_time() -> None:
    engine = TimedEngine(SLOW_S)
    engine.open(1, TEXT)
    assert [engine.step().rows[0].num_frames for _ in range(5)] == [1] * 5


def test_an_open_call_waits_for_no_chunk_even_while_it_has_no_credit() -> None:
    engine = TimedEngine(SLOW_S)
    engine.note(1, TEXT)
    engine.open(2, TEXT, credit=FRAME_SAMPLES)
    for _ in range(10):
        engine.step()
    assert engine.timed.num_frames == [1] * 10
    engine.cancel(2)
    engine.step()
    assert engine.timed.num_frames[-1] > 1


def test_a_step_without_a_listener_keeps_a_cancel_waiting_for_a_second_and_a_frame() -> None:
    engine = TimedEngine(SLOW_S)
    for note in range(1, 9):
        engine.note(note, TEXT)
    for _ in range(50):
        began_s = engine.timed.clock()
        if not engine.step():
            break
        assert engine.timed.clock() - began_s <= LIMITS.slow_step_budget_s + SLOW_S
    assert engine.samples(1)


@pytest.mark.parametrize(
    ("frame_s", "num_frames"), [(0.001, [1, 8, 8, 8]), (FRAME_S / 2, [1, 1, 1, 2])]
)
def test_a_chunk_is_as_long_as_is_made_in_half_of_the_lead(
    frame_s: float, num_frames: list[int]
) -> None:
    engine = TimedEngine(frame_s)
    engine.open(1, TEXT, credit=SAMPLE_RATE_HZ)
    assert [engine.step().rows[0].num_frames for _ in range(4)] == num_frames
