"""Who is in a step, in which order, and for how many frames: in virtual time."""

import pytest

from engine.outputs import Blocked
from engine.runners.tone import FRAME_SAMPLES, SAMPLE_RATE_HZ
from engine.scheduling.limits import SchedulerLimits
from tests.helpers.virtual_engine import VirtualEngine

SENTENCE = "The quick brown fox jumps over the lazy dog. "
LONG = SENTENCE * 20
SECOND = SAMPLE_RATE_HZ


# Credit


def test_without_credit_there_is_no_row_and_no_slot() -> None:
    engine = VirtualEngine()
    engine.open(1, SENTENCE, credit=0)
    assert not engine.plan()
    assert not engine.scheduler.slot_owners


@pytest.mark.parametrize("credit", [1, FRAME_SAMPLES, FRAME_SAMPLES + 1, 7 * FRAME_SAMPLES - 1])
def test_what_is_made_ends_less_than_a_frame_beyond_the_credit(credit: int) -> None:
    engine = VirtualEngine()
    engine.open(1, LONG, credit=credit)
    engine.settle()
    assert credit <= engine.samples(1) < credit + FRAME_SAMPLES


def test_blocked_is_said_once_per_stall() -> None:
    engine = VirtualEngine()
    engine.open(1, SENTENCE, credit=FRAME_SAMPLES, end=False)
    engine.settle()
    blocked = Blocked(1, FRAME_SAMPLES)
    engine.append(1, SENTENCE)
    engine.flush(1, 7)
    assert [o for o in engine.outputs if isinstance(o, Blocked)] == [blocked]
    engine.grant(1, 2 * FRAME_SAMPLES)
    engine.settle()
    assert [o for o in engine.outputs if isinstance(o, Blocked)] == [
        blocked,
        Blocked(1, 2 * FRAME_SAMPLES),
    ]


def test_a_grant_below_what_is_made_already_does_not_begin_another_stall() -> None:
    engine = VirtualEngine()
    engine.open(1, SENTENCE, credit=1, end=False)
    engine.settle()
    engine.grant(1, 2)
    engine.append(1, SENTENCE)
    assert not engine.plan()
    assert len([o for o in engine.outputs if isinstance(o, Blocked)]) == 1


def test_a_smaller_grant_changes_nothing() -> None:
    engine = VirtualEngine()
    engine.open(1, LONG, credit=4 * FRAME_SAMPLES)
    engine.grant(1, 0)
    engine.settle()
    assert engine.samples(1) == 4 * FRAME_SAMPLES


def test_a_sequence_that_waits_for_text_is_not_blocked() -> None:
    engine = VirtualEngine()
    engine.open(1, credit=0, end=False)
    engine.settle()
    assert not engine.outputs


# Time


def test_every_step_is_told_the_longest_it_may_take() -> None:
    engine = VirtualEngine(SchedulerLimits(step_budget_s=0.007))
    engine.open(1, SENTENCE)
    assert engine.plan().time_budget_s == 0.007


# Order


def test_urgent_calls_come_first_in_the_order_of_their_deadlines() -> None:
    engine = VirtualEngine()
    for sequence_id in (1, 2, 3):
        engine.open(sequence_id, LONG, credit=(4 - sequence_id) * 2 * FRAME_SAMPLES)
    engine.settle()
    for sequence_id in (1, 2, 3):
        engine.grant(sequence_id, 10 * SECOND)
    assert engine.ids(engine.plan()) == [3, 2, 1]


def test_a_call_far_ahead_of_its_listener_comes_after_calls_and_notes() -> None:
    engine = VirtualEngine()
    engine.open(1, LONG)
    while engine.samples(1) < 3 * SECOND:
        engine.step()
    engine.note(2, LONG)
    engine.open(3, LONG)
    assert engine.ids(engine.plan()) == [3, 2, 1]


def test_a_call_whose_listener_has_played_on_becomes_urgent_again() -> None:
    engine = VirtualEngine()
    engine.open(1, LONG)
    while engine.samples(1) < 3 * SECOND:
        engine.step()
    engine.note(2, LONG)
    engine.grant(1, 0, played=engine.samples(1) - FRAME_SAMPLES)
    assert engine.ids(engine.plan()) == [1, 2]


def test_a_new_call_is_served_before_those_that_already_speak() -> None:
    engine = VirtualEngine()
    for sequence_id in range(1, 9):
        engine.open(sequence_id, LONG)
    for _ in range(3):
        engine.step()
    engine.open(9, LONG)
    plan = engine.step()
    assert plan.rows[0].slot == 8
    assert len(engine.chunks(9)) == 1


def test_chunks_ramp_from_one_frame_to_eight_as_the_lead_grows() -> None:
    engine = VirtualEngine()
    engine.open(1, "x" * 120)
    engine.settle()
    sizes = [len(chunk.pcm) // FRAME_SAMPLES for chunk in engine.chunks(1)]
    whole = sizes[: sizes.index(8) + 1]
    assert whole[0] == 1
    assert whole == sorted(whole)
    assert set(whole) == {1, 2, 4, 8}
