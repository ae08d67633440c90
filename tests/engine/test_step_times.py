"""What a step takes: bounded from both sides by every step, believed slowly."""

from dataclasses import replace

import numpy as np
import pytest

from engine.errors import ModelUnavailable
from engine.runners.tone import StepTimes, ToneRunner
from engine.scheduling.capacity import SHARE, Capacity
from engine.scheduling.limits import SchedulerLimits
from engine.scheduling.step_times import StepTimeModel
from engine.steps import RowResult, StepPlan, StepResult
from engine.warm_up import warm_up
from tests.engine.test_chunks import FrameByFrameRunner
from tests.helpers.broken import BadRowRunner
from tests.helpers.virtual_clock import VirtualClock

MANY = 2_000
ENDLESS_ROW_S = 0.002


def measured(**seconds: float) -> StepTimeModel:
    times = StepTimeModel()
    for name, value in seconds.items():
        times.measure(int(name.removeprefix("rows_")), value)
    return times


def test_nothing_known_costs_nothing() -> None:
    assert StepTimeModel().predict(100) == 0.0


def test_between_two_measurements_lies_a_straight_line() -> None:
    times = measured(rows_4=0.010, rows_8=0.020)
    assert [times.predict(n) for n in (1, 4, 6, 8)] == pytest.approx([0.010, 0.010, 0.015, 0.020])


def test_beyond_the_only_measurement_each_row_costs_what_it_did_there() -> None:
    assert measured(rows_8=0.020).predict(16) == pytest.approx(0.040)


@pytest.mark.parametrize(
    ("seconds", "of_sixteen"),
    [
        ({"rows_4": 0.012, "rows_8": 0.016}, 0.024),
        # The steepest of what led there, not a flat stretch that may be chance.
        ({"rows_2": 0.010, "rows_4": 0.016, "rows_8": 0.016}, 0.024),
        ({"rows_2": 0.010, "rows_4": 0.010, "rows_8": 0.014}, 0.022),
        # Never more than in proportion, and never less than half of that.
        ({"rows_4": 0.002, "rows_8": 0.016}, 0.032),
        ({"rows_4": 0.020, "rows_8": 0.016}, 0.024),
        ({"rows_1": 0.010, "rows_2": 0.010, "rows_4": 0.010, "rows_8": 0.016}, 0.028),
    ],
)
def test_beyond_several_measurements_each_row_costs_what_the_last_ones_did(
    seconds: dict[str, float], of_sixteen: float
) -> None:
    assert measured(**seconds).predict(16) == pytest.approx(of_sixteen)


def test_one_hiccup_is_not_believed_and_a_change_of_pace_is() -> None:
    times = measured(rows_8=0.010)
    times.observe(8, 8, 8, 1.0)
    assert times.predict(8) < 0.035
    for _ in range(MANY):
        times.observe(8, 8, 8, 0.030)
    assert times.predict(8) == pytest.approx(0.030, rel=0.01)


def test_a_step_of_several_frames_says_nothing_against_what_lies_within_its_bounds() -> None:
    times = measured(rows_8=0.020)
    for _ in range(MANY):
        # As a model that needs 20 ms for any number of frames, or 2.5 ms for each.
        times.observe(8, 8, 64, 0.020)
    assert times.predict(8) == pytest.approx(0.020)
    for _ in range(MANY):
        times.observe(8, 8, 64, 0.400)
    assert times.predict(8) == pytest.approx(0.050, rel=0.01)


def test_rows_left_out_for_want_of_time_count_as_if_they_had_been_made() -> None:
    times = StepTimeModel()
    for _ in range(MANY):
        times.observe(8, 2, 2, 0.010)
    assert times.predict(8) == pytest.approx(0.040)


def test_a_row_that_makes_in_one_step_what_it_hands_out_in_many_takes_its_share_of_each() -> None:
    times = measured(rows_8=0.001)
    for step in range(MANY):
        # A burst of 5 ms in two of the rows, which leaves no time for the others; then 24 steps of
        # all rows that hand out what was made.
        if step % 25:
            times.observe(8, 8, 64, 0.0002)
        else:
            times.observe(8, 2, 16, 0.010)
    assert times.predict(8) == pytest.approx(0.001, rel=0.5)


def test_what_cannot_be_observed_any_more_is_forgotten() -> None:
    times = measured(rows_1=0.001, rows_8=0.010)
    for _ in range(MANY):
        times.observe(8, 8, 8, 0.100)
    assert times.predict(8) == pytest.approx(0.100, rel=0.05)
    assert times.measured(8) == pytest.approx(0.010)
    for _ in range(5 * MANY):
        times.observe(1, 1, 1, 0.001)
    assert times.predict(8) == pytest.approx(0.010, rel=0.1)


def test_the_first_call_is_judged_by_what_was_measured() -> None:
    runner, times = warmed("1:5", 16)
    capacity = Capacity(runner.info, SchedulerLimits(num_slots=16, note_floor=1), times)
    for _ in range(MANY):
        for num_rows in (1, 2, 4, 8, 16):
            times.observe(num_rows, num_rows, num_rows, 1.0)
    assert capacity.keeps(1)
    assert not capacity.keeps(2)


def warmed(table: str, max_rows: int) -> tuple[ToneRunner, StepTimeModel]:
    clock = VirtualClock()
    runner = ToneRunner(StepTimes.parse(table), clock.sleep, clock)
    times = StepTimeModel()
    warm_up(runner, times, max_rows, clock)
    return runner, times


def test_warming_up_finds_the_table() -> None:
    _, times = warmed("1:5.15,1000:155", 128)
    for num_rows in (1, 3, 64, 128):
        assert times.predict(num_rows) == pytest.approx(0.005 + 0.00015 * num_rows)


def test_warming_up_finds_what_a_further_frame_takes() -> None:
    _, times = warmed("1:20", 4)
    # A tone takes as long for any number of frames.
    assert [times.further_share(n) for n in (1, 3, 4)] == pytest.approx([0.0] * 3)
    assert times.further_share(5) == 1.0
    for share in (0.25, 1.0):
        runner = FrameByFrameRunner(0.020, share)
        times = StepTimeModel()
        warm_up(runner, times, 2, runner.clock)
        assert times.further_share(2) == pytest.approx(share)


def test_a_model_that_fails_while_it_warms_up_is_not_served() -> None:
    with pytest.raises(ModelUnavailable, match="cannot speak: bad row"):
        warm_up(BadRowRunner(after=3), StepTimeModel(), 2)


def test_warming_up_stops_growing_when_it_takes_too_long() -> None:
    _, times = warmed("1:1000,2:1500,4:9000", 1 << 10)
    assert times.predict(1) == pytest.approx(1.0)
    assert times.predict(2) == pytest.approx(1.5)
    # What four take it did not ask any more.
    assert times.predict(4) == pytest.approx(2.5)


def test_a_model_that_misses_its_end_leaves_time_for_larger_batches() -> None:
    runner = EndlessRunner()
    times = StepTimeModel()
    warm_up(runner, times, 8, runner.clock)
    assert sorted(runner.num_rows) == [1, 2, 4, 8]
    for num_rows in (1, 2, 4, 8):
        assert times.measured(num_rows) == pytest.approx(num_rows * ENDLESS_ROW_S)


def test_what_the_first_step_of_all_takes_is_nobodys_measure() -> None:
    runner = EndlessRunner(first_s=0.3)
    times = StepTimeModel()
    warm_up(runner, times, 2, runner.clock)
    assert times.measured(1) == pytest.approx(ENDLESS_ROW_S)


class EndlessRunner:
    """Speaks on, and takes as long for each row, the very first step `first_s` longer."""

    def __init__(self, first_s: float = 0.0) -> None:
        self.clock = VirtualClock()
        self._longer_s = first_s
        self.info = ToneRunner(StepTimes({1: 0.0}), self.clock.sleep, self.clock).info
        self.num_rows: set[int] = set()

    def run(self, plan: StepPlan) -> StepResult:
        if plan.rows:
            self.num_rows.add(len(plan.rows))
            self.clock.sleep(self._longer_s)
            self._longer_s = 0.0
        self.clock.sleep(ENDLESS_ROW_S * sum(row.num_frames for row in plan.rows))
        frame = self.info.frame_samples
        return StepResult(
            tuple(
                RowResult(each.slot, np.zeros(frame * each.num_frames, np.int16))
                for each in plan.rows
            )
        )

    def close(self) -> None:
        """Hold nothing."""


@pytest.mark.parametrize(("table", "num_calls"), [("1:20", 500), ("1:5.15,1000:155", 172)])
def test_calls_are_kept_while_a_frame_takes_less_than_its_time(table: str, num_calls: int) -> None:
    limits = SchedulerLimits(num_slots=508, note_floor=8)
    runner, times = warmed(table, limits.num_slots)
    capacity = Capacity(runner.info, limits, times)
    frame_s = runner.info.frame_samples / runner.info.sample_rate_hz
    assert capacity.keeps(num_calls)
    step_s = times.predict(num_calls + limits.note_floor)
    assert step_s <= SHARE * frame_s
    # One room more, or one call more where the step is what limits.
    assert not capacity.keeps(num_calls * 2)


def test_a_step_of_fewer_rows_than_the_notes_floor_keeps_a_call_in_one_step() -> None:
    limits = SchedulerLimits(num_slots=16, note_floor=8)
    runner, times = warmed("1:30", 8)
    info = replace(runner.info, max_rows=8)
    # 30 ms are within the time of a frame, twice as much is not.
    assert Capacity(info, limits, times).keeps(1)
    assert not Capacity(info, limits, times).keeps(2)


def test_a_busy_start_is_believed_no_longer_than_it_lasts() -> None:
    limits = SchedulerLimits(num_slots=16, note_floor=1)
    runner, times = warmed("1:100", 16)
    capacity = Capacity(runner.info, limits, times)
    assert not capacity.keeps(1)
    for _ in range(MANY):
        # Notes are made meanwhile, by a machine that has its time back.
        times.observe(2, 2, 2, 0.010)
    assert capacity.keeps(1)


def test_calls_that_need_several_steps_for_a_frame_need_all_their_time() -> None:
    limits = SchedulerLimits(num_slots=100, note_floor=10)
    runner, times = warmed("1:15", limits.num_slots)
    capacity = Capacity(runner.info, limits, times)
    assert capacity.keeps(90)
    # The notes have their ten rows in both steps.
    assert capacity.keeps(180)
    assert not capacity.keeps(181)
