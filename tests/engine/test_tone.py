"""The tone's time: a table, on the real clock or on a virtual one."""

import pytest

from engine.request import SynthesisRequest
from engine.runners.tone import StepTimes, ToneRunner
from engine.steps import Admission, Prefill, Row, StepPlan
from engine.text.segment import Segment


class VirtualClock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds


def batch(num_rows: int) -> StepPlan:
    """Plan the first step of `num_rows` sequences."""
    request = SynthesisRequest(voice="tone")
    return StepPlan(
        admissions=tuple(Admission(i, i, request) for i in range(num_rows)),
        prefills=tuple(Prefill(i, Segment("Hello.", 0, 6)) for i in range(num_rows)),
        rows=tuple(Row(i, 1) for i in range(num_rows)),
    )


@pytest.mark.parametrize(
    ("num_rows", "seconds"),
    [(0, 0.0), (1, 0.005), (2, 0.006), (11, 0.015), (16, 0.020), (21, 0.025), (400, 0.025)],
)
def test_between_the_entries_of_the_table_lie_straight_lines(num_rows: int, seconds: float) -> None:
    assert StepTimes.parse("1:5,11:15,21:25")(num_rows) == pytest.approx(seconds)


def test_the_order_of_the_entries_does_not_matter() -> None:
    assert StepTimes.parse("21:25, 1:5,")(11) == pytest.approx(0.015)


def test_below_the_first_entry_its_own_time_holds() -> None:
    assert StepTimes({8: 0.010})(1) == 0.010


def test_an_empty_table_takes_no_time() -> None:
    assert StepTimes.parse("")(100) == 0.0


@pytest.mark.parametrize(
    "text", ["5", "1:", ":5", "1:5;2:6", "one:5", "1.5:5", "1:-5", "1:nan", "1:inf", "0:5"]
)
def test_another_form_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        StepTimes.parse(text)


@pytest.mark.parametrize("num_rows", [1, 4, 8])
def test_a_step_takes_exactly_its_time_on_a_virtual_clock(num_rows: int) -> None:
    clock = VirtualClock()
    step_times = StepTimes.parse("1:5,8:12")
    runner = ToneRunner(step_times, sleep=clock.sleep, clock=clock)
    runner.run(batch(num_rows))
    assert clock.now_s == step_times(num_rows)


def test_a_step_without_rows_takes_no_time() -> None:
    clock = VirtualClock()
    runner = ToneRunner(StepTimes.parse("1:5"), sleep=clock.sleep, clock=clock)
    runner.run(StepPlan(released=(1,)))
    assert clock.now_s == 0.0


def test_a_segment_lasts_a_fifteenth_of_a_second_per_character() -> None:
    runner = ToneRunner(sleep=lambda _: None)
    plan = StepPlan(
        admissions=(Admission(0, 1, SynthesisRequest(voice="tone")),),
        prefills=(Prefill(0, Segment("a" * 15, 0, 15)),),
        rows=(Row(0, 1_000),),
    )
    (row,) = runner.run(plan).rows
    assert row.segment_done
    assert len(row.pcm) == runner.info.sample_rate_hz


def test_a_row_without_a_segment_fails_alone() -> None:
    runner = ToneRunner(sleep=lambda _: None)
    request = SynthesisRequest(voice="tone")
    plan = StepPlan(
        admissions=(Admission(0, 1, request), Admission(1, 2, request)),
        prefills=(Prefill(1, Segment("Hello.", 0, 6)),),
        rows=(Row(0, 1), Row(1, 1)),
    )
    failed, well = runner.run(plan).rows
    assert failed.error is not None
    assert well.error is None
