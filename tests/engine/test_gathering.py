"""Who plays and has enough waits until its credit is worth a row: in virtual time."""

import pytest

from engine.commands import Grant
from engine.outputs import Blocked, Finished
from engine.runner import Runner
from engine.runners.tone import FRAME_SAMPLES, SAMPLE_RATE_HZ
from engine.scheduling.gathering import GATHER_LEAD_S, GATHER_S
from engine.scheduling.limits import SchedulerLimits
from engine.scheduling.scheduler import Scheduler
from engine.scheduling.step_times import StepTimeModel
from tests.helpers.scarce_runner import PAGE_FRAMES, ScarceRunner
from tests.helpers.virtual_engine import PLENTY, VirtualEngine, instant_tone

SENTENCE = "The quick brown fox jumps over the lazy dog. "
LONG = SENTENCE * 20
CHUNK = SchedulerLimits().max_chunk_frames * FRAME_SAMPLES
WINDOW = 2 * SAMPLE_RATE_HZ
PLAYED = FRAME_SAMPLES


def engine_of(further_share: float = 0.0, runner: Runner | None = None) -> VirtualEngine:
    """Return an engine whose frame takes 20 ms, and every further one so much of it."""
    engine = VirtualEngine(runner=runner)
    times = StepTimeModel()
    for num_rows in (1, 2):
        times.measure(num_rows, 0.020, further_share)
    engine.scheduler = Scheduler(engine.runner.info, SchedulerLimits(), times)
    return engine


def playing(engine: VirtualEngine, text: str = LONG) -> None:
    """Let a listener get its whole window, and say that it plays."""
    engine.open(1, text, credit=WINDOW)
    engine.settle()
    assert engine.samples(1) == WINDOW
    engine.grant(1, WINDOW, played=PLAYED)


def test_who_plays_and_has_enough_gets_no_row_for_less_than_a_chunk() -> None:
    engine = engine_of()
    playing(engine)
    engine.grant(1, WINDOW + CHUNK - 1, played=PLAYED)
    assert not engine.plan()
    engine.grant(1, WINDOW + CHUNK, played=PLAYED)
    engine.step()
    assert engine.samples(1) == WINDOW + CHUNK


def test_it_gets_the_rest_of_its_credit_when_a_second_is_left_to_play() -> None:
    engine = engine_of()
    playing(engine)
    nearly_s = GATHER_LEAD_S + 0.1
    engine.grant(1, WINDOW + FRAME_SAMPLES, played=WINDOW - round(nearly_s * SAMPLE_RATE_HZ))
    assert engine.scheduler.wake_s() == pytest.approx(engine.now_s + 0.1)
    engine.now_s += 0.099
    assert not engine.plan()
    engine.now_s += 0.002
    engine.settle()
    assert engine.samples(1) == WINDOW + FRAME_SAMPLES
    assert engine.outputs[-1] == Blocked(1, WINDOW + FRAME_SAMPLES)
    assert engine.scheduler.wake_s() is None


def test_it_gets_the_rest_when_no_credit_comes_whatever_it_reports() -> None:
    engine = engine_of()
    playing(engine)
    engine.grant(1, WINDOW + FRAME_SAMPLES, played=PLAYED)
    assert engine.scheduler.wake_s() == pytest.approx(engine.now_s + GATHER_S)
    for _ in range(2):
        assert not engine.plan()
        engine.now_s += 0.49 * GATHER_S
        engine.grant(1, WINDOW + FRAME_SAMPLES, played=PLAYED)
    engine.now_s += 0.03 * GATHER_S
    engine.settle()
    assert engine.outputs[-1] == Blocked(1, WINDOW + FRAME_SAMPLES)


def test_one_that_ran_dry_while_it_gathered_has_underrun() -> None:
    engine = engine_of()
    playing(engine)
    engine.grant(1, WINDOW + FRAME_SAMPLES, played=PLAYED)
    engine.now_s += 10
    engine.settle()
    assert [chunk.underran for chunk in engine.chunks(1)][-1]


def test_where_a_step_has_no_time_for_a_whole_chunk_nobody_gathers() -> None:
    engine = engine_of(further_share=1.0)
    playing(engine)
    engine.grant(1, WINDOW + 1, played=PLAYED)
    assert engine.ids(engine.plan()) == [1]


def test_who_has_less_than_a_second_left_gets_all_it_grants_at_once() -> None:
    engine = engine_of()
    playing(engine)
    engine.grant(1, WINDOW + 1, played=WINDOW - SAMPLE_RATE_HZ + 1)
    assert engine.ids(engine.plan()) == [1]


def test_who_says_that_it_has_played_on_waits_no_longer() -> None:
    engine = engine_of()
    playing(engine)
    engine.grant(1, WINDOW + 1, played=PLAYED)
    assert not engine.plan()
    engine.grant(1, WINDOW + 1, played=WINDOW - SAMPLE_RATE_HZ + 1)
    assert engine.ids(engine.plan()) == [1]
    assert engine.scheduler.wake_s() is None


@pytest.mark.parametrize("played", [None, 0])
def test_who_does_not_say_that_it_plays_may_wait_for_its_last_sample_and_gets_it(
    played: int | None,
) -> None:
    engine = engine_of()
    engine.open(1, LONG, credit=WINDOW)
    engine.settle()
    engine.grant(1, WINDOW + 1, played=played)
    assert engine.ids(engine.plan()) == [1]


def test_nobody_wakes_for_one_that_is_over() -> None:
    engine = engine_of()
    playing(engine)
    engine.grant(1, WINDOW + 1, played=PLAYED)
    engine.cancel(1)
    assert engine.scheduler.wake_s() is None
    engine.now_s += 10
    assert not engine.plan().rows


def test_a_report_in_the_midst_of_the_last_step_leaves_nobody_to_wait_for() -> None:
    alone = VirtualEngine()
    alone.open(1, SENTENCE)
    alone.settle()
    whole = alone.samples(1)
    engine = engine_of()
    engine.open(1, SENTENCE, credit=whole - FRAME_SAMPLES, end=False)
    engine.flush(1, 0)
    engine.settle()
    engine.grant(1, whole, played=PLAYED)
    assert not engine.plan().rows
    engine.now_s += 10
    plan = engine.plan()
    engine.do(plan, Grant(1, whole, played=PLAYED))
    assert engine.samples(1) == whole
    assert not engine.scheduler.plan(engine.now_s).rows
    assert engine.scheduler.wake_s() is None


def test_its_memory_goes_to_one_that_speaks_and_nothing_is_lost() -> None:
    text = SENTENCE * 5
    num_pages = -(-len(text) * SAMPLE_RATE_HZ // 15 // (FRAME_SAMPLES * PAGE_FRAMES)) + 8
    engine = engine_of(runner=ScarceRunner(instant_tone(), num_pages))
    playing(engine, text)
    engine.grant(1, WINDOW + FRAME_SAMPLES, played=PLAYED)
    engine.open(2, text)
    while not engine.step().evicted:
        assert engine.scheduler.wake_s() is not None
    assert engine.samples(1) == WINDOW
    engine.settle()
    assert isinstance(engine.ends(2)[0], Finished)
    engine.grant(1, PLENTY, played=PLAYED)
    engine.settle()
    assert isinstance(engine.ends(1)[0], Finished)
    assert engine.samples(1) == engine.samples(2)
