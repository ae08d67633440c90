"""Who holds a slot, who gives it up, and what notes keep: in virtual time."""

import numpy as np

from engine.commands import Cancel
from engine.request import ServiceClass
from engine.runners.tone import FRAME_SAMPLES, SAMPLE_RATE_HZ
from engine.scheduling.limits import SchedulerLimits
from tests.helpers.virtual_engine import PLENTY, VirtualEngine, instant_tone

SENTENCE = "The quick brown fox jumps over the lazy dog. "
LONG = SENTENCE * 20
SECOND = SAMPLE_RATE_HZ


# Notes


def test_notes_keep_their_rows_however_many_calls_are_urgent() -> None:
    limits = SchedulerLimits(num_slots=16, note_floor=2)
    engine = VirtualEngine(limits, runner=instant_tone(max_rows=6))
    for sequence_id in range(1, 4):
        engine.note(sequence_id, LONG)
    for sequence_id in range(4, 20):
        engine.open(sequence_id, LONG)
    assert engine.ids(engine.plan()) == [4, 5, 6, 7, 1, 2]


def test_notes_below_their_floor_get_a_slot_even_when_calls_hold_them_all() -> None:
    limits = SchedulerLimits(num_slots=4, note_floor=1)
    engine = VirtualEngine(limits)
    for sequence_id in range(1, 9):
        engine.open(sequence_id, LONG)
    engine.step()
    engine.note(9, LONG)
    engine.note(10, LONG)
    engine.step()
    owners = set(engine.scheduler.slot_owners.values())
    assert owners & {9, 10} == {9}
    assert len(owners) == 4


def test_a_note_is_parked_when_a_call_needs_its_slot_and_loses_nothing() -> None:
    limits = SchedulerLimits(num_slots=2, note_floor=1)
    engine = VirtualEngine(limits)
    engine.note(1, LONG)
    engine.note(2, LONG)
    engine.step()
    engine.open(3, SENTENCE)
    plan = engine.step()
    assert plan.parked == (2,)
    assert [admission.sequence_id for admission in plan.admissions] == [3]
    engine.settle()

    alone = VirtualEngine()
    alone.note(2, LONG)
    alone.settle()
    assert np.array_equal(engine.pcm(2), alone.pcm(2))
    assert engine.marks(2) == alone.marks(2)


def test_a_call_takes_no_slot_from_the_notes_floor() -> None:
    limits = SchedulerLimits(num_slots=2, note_floor=2)
    engine = VirtualEngine(limits)
    engine.note(1, LONG)
    engine.note(2, LONG)
    engine.step()
    engine.open(3, SENTENCE)
    assert engine.ids(engine.plan()) == [1, 2]


def test_a_new_call_takes_the_slot_of_the_call_furthest_ahead() -> None:
    limits = SchedulerLimits(num_slots=2, note_floor=0)
    engine = VirtualEngine(limits)
    engine.open(1, LONG)
    engine.open(2, LONG)
    while engine.samples(1) < 3 * SECOND:
        engine.step()
    engine.grant(1, 0, played=2 * SECOND)
    engine.open(3, LONG)
    plan = engine.step()
    assert plan.parked == (2,)
    assert engine.samples(3) == FRAME_SAMPLES


def test_a_head_start_makes_a_note_a_call_until_it_is_ahead() -> None:
    engine = VirtualEngine()
    engine.note(1, LONG)
    engine.note(2, LONG, head_start_s=1.0)
    assert engine.ids(engine.step()) == [2, 1]
    while engine.samples(2) < 1.2 * SECOND:
        engine.step()
    assert engine.ids(engine.plan()) == [1, 2]


def test_a_note_in_its_head_start_is_not_parked_for_a_call() -> None:
    limits = SchedulerLimits(num_slots=1, note_floor=0)
    engine = VirtualEngine(limits)
    engine.note(1, LONG, head_start_s=1.0)
    engine.step()
    engine.open(2, LONG)
    assert not engine.plan().parked


def test_an_old_note_takes_its_slot_back_from_a_younger_one() -> None:
    limits = SchedulerLimits(num_slots=2, note_floor=1)
    engine = VirtualEngine(limits)
    engine.open(1, LONG)
    engine.open(2, LONG, credit=FRAME_SAMPLES, service_class=ServiceClass.NOTE)
    engine.note(3, LONG)
    engine.step()
    engine.step()
    assert 3 in engine.scheduler.slot_owners.values()
    engine.grant(2, PLENTY)
    plan = engine.step()
    assert plan.parked == (3,)
    assert engine.samples(2) > FRAME_SAMPLES


def test_a_young_note_takes_no_slot_from_an_older_one() -> None:
    limits = SchedulerLimits(num_slots=2, note_floor=2)
    engine = VirtualEngine(limits)
    for sequence_id in (1, 2, 3):
        engine.note(sequence_id, LONG)
    for _ in range(10):
        assert not engine.step().parked
    assert engine.samples(3) == 0


# Slots


def test_cancel_frees_the_slot_in_the_very_next_plan() -> None:
    limits = SchedulerLimits(num_slots=1)
    engine = VirtualEngine(limits)
    engine.open(1, LONG)
    engine.step()
    engine.open(2, LONG)
    engine.cancel(1)
    plan = engine.plan()
    assert plan.released == (1,)
    assert [(a.slot, a.sequence_id) for a in plan.admissions] == [(0, 2)]


def test_nothing_is_delivered_for_a_sequence_cancelled_during_the_step() -> None:
    engine = VirtualEngine()
    engine.open(1, LONG)
    plan = engine.plan()
    result = engine.runner.run(plan)
    engine.put(Cancel(1))
    assert engine.scheduler.apply(result, engine.now_s) == []
    engine.settle()
    assert not engine.outputs


def test_a_slot_of_a_cancelled_sequence_gives_its_next_owner_only_its_own_audio() -> None:
    limits = SchedulerLimits(num_slots=1)
    engine = VirtualEngine(limits)
    engine.open(1, LONG)
    engine.step()
    engine.cancel(1)
    engine.open(2, SENTENCE)
    engine.settle()
    alone = VirtualEngine()
    alone.open(2, SENTENCE)
    alone.settle()
    assert np.array_equal(engine.pcm(2), alone.pcm(2))


def test_a_call_without_credit_gives_its_slot_to_one_that_has_some() -> None:
    limits = SchedulerLimits(num_slots=1)
    engine = VirtualEngine(limits)
    engine.open(1, LONG, credit=FRAME_SAMPLES)
    engine.settle()
    engine.open(2, SENTENCE)
    assert engine.step().parked == (1,)
    engine.settle()
    engine.grant(1, 100 * SECOND)
    engine.settle()
    alone = VirtualEngine()
    alone.open(1, LONG)
    alone.settle()
    assert np.array_equal(engine.pcm(1), alone.pcm(1))


def test_a_sequence_that_waits_for_text_takes_no_slot() -> None:
    engine = VirtualEngine()
    engine.open(1, end=False)
    engine.settle()
    assert not engine.scheduler.slot_owners
