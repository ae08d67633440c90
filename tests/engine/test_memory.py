"""Who gives up memory where there is too little, and that nothing is lost by it."""

from functools import cache
from itertools import pairwise

import numpy as np
import pytest

from engine.outputs import Failed, Finished
from engine.request import ServiceClass
from engine.runners.tone import FRAME_SAMPLES, SAMPLES_PER_CHAR
from engine.scheduling.limits import SchedulerLimits
from engine.scheduling.memory import IDLE_S, RETRY_S, Memory
from engine.steps import StepPlan
from tests.engine.test_parking import sequence
from tests.helpers.scarce_runner import PAGE_FRAMES, ScarceRunner
from tests.helpers.schedules import sine
from tests.helpers.slot_mirror import SlotMirror
from tests.helpers.virtual_engine import PLENTY, VirtualEngine, instant_tone

TEXT = "The quick brown fox jumps over the lazy dog. " * 3
#: What one who speaks `TEXT` holds at its end.
WHOLE = -(-len(TEXT) * SAMPLES_PER_CHAR // (FRAME_SAMPLES * PAGE_FRAMES)) + 2
FIRST_NOTE = 1
REST = 0.5
FAILS = True

#: Holders, and who gives up its memory, or fails. Calls from 100 on; a half more says nothing now.
CASES = {
    "the newest note": ([1, 2, 101], 2, not FAILS),
    "an idle note before one that speaks": ([1 + REST, 2, 3, 101], 1 + REST, not FAILS),
    "the only note, for calls": ([1, 101, 102], 1, not FAILS),
    "the newest call that has nothing to say": ([101 + REST, 102 + REST, 103, 104], 102 + REST, 0),
    "no note that speaks where all others are idle": ([1, 101 + REST], 101 + REST, not FAILS),
    "the newest of calls that all speak": ([101, 102, 103], 103, FAILS),
    "a call that is alone": ([101], 101, FAILS),
    "a note that is alone": ([1], 1, FAILS),
}


@pytest.mark.parametrize(("holders", "last", "fails"), CASES.values(), ids=CASES.keys())
def test_memory_is_given_up_by(holders: list[float], last: float, fails: bool) -> None:
    memory = Memory()
    for number in holders:
        holder = sequence(int(number))
        if number % 1:
            holder.granted = 0
        memory.take(holder, now_s=0.0)
    assert memory.last().id == int(last)
    assert memory.can_spare(memory.last()) is not bool(fails)


class Scarcity:
    """An engine on a runner with few pages, which checks every plan."""

    def __init__(self, num_pages: int, num_slots: int = 16) -> None:
        self.runner = ScarceRunner(instant_tone(), num_pages)
        limits = SchedulerLimits(num_slots=num_slots, note_floor=4)
        self.engine = VirtualEngine(limits, runner=self.runner)
        self.mirror = SlotMirror(num_slots, self.runner.info.max_rows)
        self.evicted: list[int] = []

    def step(self) -> StepPlan:
        plan = self.engine.plan()
        self.mirror.follow(plan)
        self.engine.do(plan)
        self.evicted += plan.evicted
        return plan

    def settle(self) -> None:
        for _ in range(10_000):
            if not self.step():
                assert not self.runner.pages, "memory leaked"
                return
        raise AssertionError("still at work")

    def spoke_whole(self, *sequence_ids: int) -> bool:
        return all(
            isinstance(self.engine.ends(i)[0], Finished)
            and np.array_equal(self.engine.pcm(i), sine(i)[: num_samples()])
            for i in sequence_ids
        )


@cache
def num_samples() -> int:
    """Return how many samples one who speaks `TEXT` undisturbed makes."""
    engine = VirtualEngine()
    engine.note(1, TEXT)
    engine.settle()
    return engine.samples(1)


def test_notes_that_do_not_all_fit_are_all_spoken_the_oldest_first() -> None:
    scarcity = Scarcity(num_pages=2 * WHOLE)
    notes = range(FIRST_NOTE, FIRST_NOTE + 6)
    for note in notes:
        scarcity.engine.note(note, TEXT)
    scarcity.settle()
    assert scarcity.spoke_whole(*notes)
    assert set(scarcity.evicted) <= set(notes[1:])
    ends = [o.sequence_id for o in scarcity.engine.outputs if isinstance(o, Finished)]
    assert ends[0] == notes[0]


def test_calls_take_the_memory_of_notes_and_lose_nothing() -> None:
    scarcity = Scarcity(num_pages=2 * WHOLE)
    for note in (1, 2, 3):
        scarcity.engine.note(note, TEXT)
    for _ in range(4):
        scarcity.step()
    for call in (101, 102):
        scarcity.engine.open(call, TEXT)
    scarcity.settle()
    assert scarcity.spoke_whole(1, 2, 3, 101, 102)
    assert set(scarcity.evicted) <= {1, 2, 3}
    assert scarcity.evicted


def test_whoever_waits_tries_again_now_and_then_while_others_speak_on() -> None:
    engine = VirtualEngine()
    for note in (1, 2):
        engine.note(note, TEXT)
    engine.plan()
    speaks, waits = engine.scheduler._sequences.values()
    memory = engine.scheduler._memory
    memory.evict(waits)
    returned_s = []
    for now_s in range(100, 100 + int(3 * RETRY_S)):
        memory.take(speaks, now_s)
        if memory.returning(now_s):
            returned_s.append(now_s)
            memory.take(waits, now_s)
            memory.evict(waits)
    assert {later - earlier for earlier, later in pairwise(returned_s)} == {RETRY_S}


def test_whoever_waits_for_memory_is_not_planned_before_some_is_given_back() -> None:
    scarcity = Scarcity(num_pages=WHOLE)
    scarcity.engine.note(1, TEXT)
    scarcity.engine.note(2, TEXT)
    while not scarcity.evicted:
        scarcity.step()
    assert scarcity.evicted == [2]
    num_said = scarcity.engine.samples(2)
    while not scarcity.engine.ends(1):
        scarcity.engine.grant(2, PLENTY + 1)
        assert len(scarcity.step().rows) == 1
    assert scarcity.engine.samples(2) == num_said
    scarcity.settle()
    assert scarcity.spoke_whole(1, 2)
    assert scarcity.evicted == [2]


def test_whoever_waits_for_memory_tries_again_once_a_note_waits_for_credit() -> None:
    scarcity = Scarcity(num_pages=WHOLE)
    most = num_samples() * 3 // 4
    scarcity.engine.open(1, TEXT, credit=most, service_class=ServiceClass.NOTE)
    scarcity.engine.note(2, TEXT)
    while not scarcity.engine.ends(2):
        scarcity.step()
    assert scarcity.engine.samples(1) < most + FRAME_SAMPLES
    assert 2 in scarcity.evicted
    scarcity.engine.grant(1, PLENTY)
    scarcity.settle()
    assert scarcity.spoke_whole(1, 2)


def test_whoever_is_cancelled_while_it_waits_for_memory_never_comes_back() -> None:
    scarcity = Scarcity(num_pages=WHOLE)
    scarcity.engine.note(1, TEXT)
    scarcity.engine.note(2, TEXT)
    while not scarcity.evicted:
        scarcity.step()
    scarcity.engine.cancel(2)
    num_said = scarcity.engine.samples(2)
    scarcity.settle()
    assert scarcity.engine.samples(2) == num_said
    assert scarcity.spoke_whole(1)


def test_where_calls_alone_do_not_fit_the_newest_fails_and_the_others_go_on() -> None:
    scarcity = Scarcity(num_pages=2 * WHOLE)
    for call in (101, 102, 103):
        scarcity.engine.open(call, TEXT)
    scarcity.settle()
    (end,) = scarcity.engine.ends(103)
    assert isinstance(end, Failed)
    assert end.out_of_memory
    assert scarcity.spoke_whole(101, 102)
    assert not scarcity.evicted


def test_a_call_that_waits_for_text_gives_way_and_goes_on_when_it_comes() -> None:
    scarcity = Scarcity(num_pages=WHOLE)
    scarcity.engine.open(101, "Good day to you. ", end=False)
    scarcity.engine.flush(101, 1)
    while scarcity.engine.samples(101) < 16 * SAMPLES_PER_CHAR:
        scarcity.step()
    scarcity.engine.note(1, TEXT)
    while not scarcity.engine.ends(1):
        scarcity.step()
    assert scarcity.evicted == [101]
    scarcity.engine.append(101, TEXT[: len(TEXT) // 2])
    scarcity.engine.end(101)
    scarcity.settle()
    assert isinstance(scarcity.engine.ends(101)[0], Finished)
    assert np.array_equal(scarcity.engine.pcm(101), sine(101)[: scarcity.engine.samples(101)])


def test_one_who_does_not_fit_even_alone_fails_and_the_next_is_spoken() -> None:
    scarcity = Scarcity(num_pages=WHOLE // 2)
    scarcity.engine.note(1, TEXT)
    scarcity.engine.note(2, "Good day to you.")
    scarcity.settle()
    (end,) = scarcity.engine.ends(1)
    assert isinstance(end, Failed)
    assert end.out_of_memory
    assert isinstance(scarcity.engine.ends(2)[0], Finished)


def test_nobody_gives_up_memory_where_some_was_given_back_meanwhile() -> None:
    scarcity = Scarcity(num_pages=WHOLE)
    for call in (101, 102):
        scarcity.engine.open(call, TEXT, service_class=ServiceClass.CALL)
    starving = False
    while not starving:
        plan = scarcity.engine.plan()
        scarcity.mirror.follow(plan)
        held = sum(scarcity.runner.pages.values())
        starving = held + 2 > WHOLE
        if starving:
            scarcity.engine.cancel(102)
        scarcity.engine.do(plan)
    scarcity.settle()
    assert scarcity.spoke_whole(101)
    assert not scarcity.engine.ends(102)


def test_an_evicted_note_returns_once_a_call_that_stays_open_has_nothing_to_say() -> None:
    scarcity = Scarcity(num_pages=WHOLE + 2)
    engine = scarcity.engine
    engine.note(FIRST_NOTE, TEXT * 2)
    engine.open(101, TEXT, end=False)
    engine.flush(101, 1)
    while scarcity.step():
        pass
    assert scarcity.evicted == [FIRST_NOTE]
    spoken = engine.samples(101)
    engine.now_s += IDLE_S
    while scarcity.step():
        pass
    assert engine.ends(FIRST_NOTE)
    assert engine.samples(101) == spoken


@pytest.mark.parametrize("service_class", ServiceClass)
def test_calls_that_speak_are_not_kept_from_it_by_those_that_come(
    service_class: ServiceClass,
) -> None:
    scarcity = Scarcity(num_pages=2 * WHOLE - 4, num_slots=32)
    scarcity.engine.open(1, TEXT)
    scarcity.engine.open(2, TEXT)
    for newcomer in range(101, 201):
        scarcity.engine.open(newcomer, "Good day to you.", service_class=service_class)
        scarcity.step()
    assert scarcity.spoke_whole(1)
    assert scarcity.engine.ends(2)


def test_those_who_wait_for_memory_return_one_after_another_and_none_while_one_starves() -> None:
    memory = Memory()
    notes = [sequence(number) for number in (1, 2, 3, 4)]
    for note in notes:
        memory.take(note, now_s=0.0)
    for note in notes[1:]:
        memory.evict(note)
    assert memory.returning(now_s=0.0) == []
    memory.give_back(notes[0])
    assert memory.returning(now_s=0.0) == [notes[1]]
    memory.take(notes[1], now_s=0.0)
    memory.starve(notes[1:2])
    assert memory.returning(now_s=0.0) == []
    memory.starve([])
    assert memory.returning(now_s=0.0) == [notes[2]]


def test_nobody_joins_that_would_have_to_give_way_to_one_who_starves() -> None:
    memory = Memory()
    note, old_call, call, new_call = (sequence(number) for number in (1, 101, 102, 103))
    candidates = [new_call, call, old_call, note]
    memory.take(call, now_s=0.0)
    assert memory.admitted(candidates) == candidates
    memory.starve([call])
    assert memory.admitted(candidates) == [call, old_call]
    memory.give_back(call)
    assert memory.admitted(candidates) == candidates
