"""Nobody starves: calls and notes without end, and fewer rows or slots than they want."""

import random
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from engine.outputs import Chunk
from engine.runners.tone import FRAME_SAMPLES, SAMPLE_RATE_HZ
from engine.scheduling.limits import SchedulerLimits
from engine.steps import Row, RowResult, StepPlan, StepResult
from engine.text.segment import SegmentRules
from tests.helpers.virtual_engine import HurriedRunner, VirtualEngine, instant_tone

NUM_SHORTAGES = 100
NUM_STEPS = 200
TARGET_LEAD_S = 0.2
#: A call is brought this far beyond the target at most before another has its turn.
CHUNK_S = 8 * FRAME_SAMPLES / SAMPLE_RATE_HZ
NUM_CALLS = 10
#: Each of the others may be brought to the target lead first, by rows of one frame.
LONGEST_WAIT = (NUM_CALLS - 1) * round(TARGET_LEAD_S * SAMPLE_RATE_HZ / FRAME_SAMPLES) * 2
#: Nobody speaks this to its end in so many steps of eight frames.
ENDLESS = "The quick brown fox jumps over the lazy dog. " * 50
#: The same in words that `SilentRunner` speaks for two seconds each.
SLOW = "Go. " * 100
SLOW_FRAMES = 50
SILENCE = np.zeros(SLOW_FRAMES * FRAME_SAMPLES, np.int16)
FIRST_CALL = 1_000
#: A lead that nobody reaches.
ALWAYS_S = 1_000.0


class SilentRunner:
    """Speaks each word as two seconds of silence, which costs little, and leaves out the tail."""

    def __init__(self, num_made: Callable[[int], int], max_rows: int) -> None:
        """Make `num_made(rows)` of the rows of each plan that has some."""
        rules = SegmentRules(min_words=1, first_max_words=1, max_words=1)
        self.info = replace(instant_tone(max_rows).info, segmentation=rules)
        #: The slots whose rows the last step made.
        self.made: list[int] = []
        self._num_made = num_made
        self._owners: dict[int, int] = {}
        #: Frames that are left of each sequence's word.
        self._left: dict[int, int] = {}

    def run(self, plan: StepPlan) -> StepResult:
        self._owners |= {a.slot: a.sequence_id for a in plan.admissions}
        self._left |= {self._owners[p.slot]: SLOW_FRAMES for p in plan.prefills}
        rows = plan.rows[: self._num_made(len(plan.rows))] if plan.rows else ()
        self.made = [row.slot for row in rows]
        return StepResult(tuple(self._advance(row) for row in rows))

    def close(self) -> None:
        self._left.clear()

    def _advance(self, row: Row) -> RowResult:
        owner = self._owners[row.slot]
        num_frames = min(row.num_frames, self._left[owner])
        self._left[owner] -= num_frames
        pcm = SILENCE[: num_frames * FRAME_SAMPLES]
        return RowResult(row.slot, pcm, segment_done=not self._left[owner])


class Shortage:
    """Calls and notes that always want more, on a runner in a hurry. Notes have the lower ids."""

    def __init__(self, seed: int) -> None:
        self.rng = rng = random.Random(seed)
        num_slots, max_rows = rng.randint(1, 6), rng.randint(1, 6)
        self.floor = rng.randint(0, num_slots - 1)
        self.num_rows = min(num_slots, max_rows)
        most_made = rng.randint(1, max_rows)
        self._runner = SilentRunner(lambda rows: rng.randint(1, min(rows, most_made)), max_rows)
        limits = SchedulerLimits(
            num_slots=num_slots, note_floor=self.floor, target_lead_s=TARGET_LEAD_S
        )
        self.engine = VirtualEngine(limits, runner=self._runner)
        #: Slots that no note keeps from the calls.
        self.num_call_slots = num_slots - self.floor
        self.samples: dict[int, int] = {}

    def join_calls(self, num_calls: int) -> list[int]:
        first = FIRST_CALL + len(self.samples)
        calls = list(range(first, first + num_calls))
        for sequence_id in calls:
            self.samples[sequence_id] = 0
            self.engine.open(sequence_id, SLOW)
        return calls

    def join_notes(self, num_notes: int) -> None:
        for sequence_id in range(1, num_notes + 1):
            self.engine.note(sequence_id, SLOW)

    def step(self) -> list[int]:
        """Do a step; return the sequences whose rows it made."""
        plan = self.engine.plan()
        owners = self.engine.scheduler.slot_owners
        for output in self.engine.do(plan):
            if isinstance(output, Chunk) and output.sequence_id >= FIRST_CALL:
                self.samples[output.sequence_id] += len(output.pcm)
        return [owners[slot] for slot in self._runner.made]

    def gap_s(self, calls: list[int]) -> float:
        """Return by how much audio two of the calls differ at most."""
        made = [self.samples[sequence_id] for sequence_id in calls]
        return (max(made) - min(made)) / SAMPLE_RATE_HZ if made else 0.0


@pytest.mark.slow
def test_calls_that_want_audio_all_the_time_never_differ_by_more_than_a_chunk_and_the_lead() -> (
    None
):
    for seed in range(NUM_SHORTAGES):
        shortage = Shortage(seed)
        shortage.join_notes(shortage.rng.randint(0, 3))
        num_later = shortage.num_call_slots // 2
        cohorts = [shortage.join_calls(shortage.num_call_slots - num_later)]
        joins_at = shortage.rng.randrange(NUM_STEPS)
        for step in range(NUM_STEPS):
            if step == joins_at:
                cohorts.append(shortage.join_calls(num_later))
            shortage.step()
            assert all(shortage.gap_s(c) <= TARGET_LEAD_S + CHUNK_S for c in cohorts), seed


@pytest.mark.slow
def test_no_call_waits_for_more_than_a_turn_of_each_other_even_where_slots_are_short() -> None:
    for seed in range(NUM_SHORTAGES):
        shortage = Shortage(seed)
        shortage.join_notes(shortage.rng.randint(0, 3))
        served_at = dict.fromkeys(shortage.join_calls(NUM_CALLS), 0)
        for step in range(NUM_STEPS):
            served_at |= {i: step for i in shortage.step() if i >= FIRST_CALL}
            assert step - min(served_at.values()) <= LONGEST_WAIT, seed


@pytest.mark.slow
def test_notes_that_are_left_out_get_the_share_that_their_floor_is_of_a_whole_step() -> None:
    for seed in range(NUM_SHORTAGES):
        shortage = Shortage(seed)
        shortage.join_notes(shortage.floor)
        shortage.join_calls(NUM_CALLS)
        # A call has one row however high the floor is, and a note one however few there are.
        call_rows = max(shortage.num_rows - shortage.floor, 1)
        note_rows = min(max(shortage.num_rows - call_rows, 1), shortage.floor)
        num_notes, num_short = 0, 0
        for _ in range(NUM_STEPS):
            made = shortage.step()
            notes = sum(sequence_id < FIRST_CALL for sequence_id in made)
            num_notes += notes
            num_short += len(made) if notes < shortage.floor else 0
            share = num_short * note_rows / (note_rows + call_rows)
            assert num_notes >= share - 2 * note_rows, seed


def test_what_is_owed_to_notes_keeps_a_call_waiting_for_two_steps_at_most() -> None:
    limits = SchedulerLimits(num_slots=64, note_floor=15, target_lead_s=ALWAYS_S)
    engine = VirtualEngine(limits, runner=instant_tone(max_rows=16))
    # Notes with a listener take the floor's rows, so that those without one miss all of theirs.
    for sequence_id in range(1, 16):
        engine.note(sequence_id, ENDLESS, head_start_s=ALWAYS_S)
    for sequence_id in range(16, 32):
        engine.note(sequence_id, ENDLESS)
    engine.open(FIRST_CALL, ENDLESS)
    waited = 0
    for _ in range(NUM_STEPS):
        waited = 0 if FIRST_CALL in engine.ids(engine.step()) else waited + 1
        assert waited <= 2


def test_calls_that_run_dry_together_share_alike_whoever_came_first() -> None:
    engine = VirtualEngine(SchedulerLimits(note_floor=0), runner=instant_tone(max_rows=3))
    for sequence_id in range(20):
        engine.open(sequence_id, ENDLESS)
    for _ in range(10 * NUM_STEPS):
        engine.step()
    frames = [engine.samples(sequence_id) // FRAME_SAMPLES for sequence_id in range(20)]
    assert max(frames) - min(frames) <= 2


@pytest.mark.parametrize("num_made", [1, 2, 3])
def test_a_runner_that_leaves_out_the_tail_brings_everyone_forward(num_made: int) -> None:
    runner = HurriedRunner(lambda rows: min(rows, num_made))
    engine = VirtualEngine(SchedulerLimits(num_slots=16, note_floor=4), runner=runner)
    engine.note(1, ENDLESS)
    for sequence_id in range(2, 12):
        engine.open(sequence_id, ENDLESS)
    for _ in range(NUM_STEPS):
        engine.step()
    frames = [engine.samples(sequence_id) // FRAME_SAMPLES for sequence_id in range(2, 12)]
    assert min(frames) > 0
    assert max(frames) - min(frames) <= 8
    assert engine.samples(1) > 0


def test_a_call_and_a_note_take_turns_where_there_is_one_row() -> None:
    limits = SchedulerLimits(num_slots=4, note_floor=1)
    engine = VirtualEngine(limits, runner=HurriedRunner(lambda rows: rows, max_rows=1))
    engine.note(1, ENDLESS)
    engine.open(2, ENDLESS)
    engine.open(3, ENDLESS)
    assert [engine.ids(engine.step()) for _ in range(8)] == [[2], [1], [3], [1]] * 2


def test_a_listener_that_says_over_and_over_that_it_is_dry_keeps_its_place() -> None:
    engine = VirtualEngine(runner=HurriedRunner(lambda _: 1))
    for sequence_id in range(1, 9):
        engine.open(sequence_id, ENDLESS)
    dry_s = 0.0
    for _ in range(NUM_STEPS):
        if engine.now_s >= dry_s:
            engine.grant(8, 0, played=engine.samples(8))
        if 8 in engine.ids(engine.step())[:1]:
            dry_s = engine.now_s + FRAME_SAMPLES / SAMPLE_RATE_HZ
    frames = [engine.samples(sequence_id) // FRAME_SAMPLES for sequence_id in range(1, 9)]
    assert max(frames) - min(frames) <= 1
