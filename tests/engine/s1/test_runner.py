"""What S1 says does not depend on who else speaks, on the steps, or on where its state has been."""

import random
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch

from engine.request import Sampling, SynthesisRequest
from engine.runners.s1 import reader
from engine.runners.s1.codec import Decoder
from engine.runners.s1.decoding import MAX_CHUNK
from engine.runners.s1.drawing import PREFILL_TOKENS
from engine.runners.s1.lanes import Lanes
from engine.runners.s1.model import S1Model
from engine.runners.s1.reader import SPEECH_LIMITS
from engine.runners.s1.runner import S1Runner
from engine.runners.s1.sequence import Sequence
from engine.steps import Admission, FinishReason, Pcm, Prefill, Row, RowResult, StepPlan
from engine.text.segment import Segment
from tests.engine.conformance import Bench, pcm
from tests.engine.s1.speaker import VOICES, make_runner, reference, tiny_speaker

SEGMENTS = ("What a day it was.", "Say it again.", "It rained.", "So we went home.")
#: Frames after which a sequence is left.
ENOUGH = 40
FRAME = 2_048


def talkative(dtype: torch.dtype = torch.float64) -> S1Model:
    """Return a model that says some of its segments to the end within `ENOUGH` frames."""
    return tiny_speaker(dtype, end_scale=1.5)


def segments(*texts: str) -> list[Segment]:
    found, start = [], 0
    for text in texts:
        found.append(Segment(text, start, start + len(text)))
        start += len(text)
    return found


def request(voice: str = "default", **sampling: float) -> SynthesisRequest:
    return SynthesisRequest(voice=voice, sampling=Sampling(**sampling))  # type: ignore[arg-type]


class Script:
    """One sequence of a schedule: who speaks, and what."""

    def __init__(self, sequence_id: int) -> None:
        self.id = sequence_id
        rng = random.Random(sequence_id)
        self.request = request(
            rng.choice(list(VOICES)), seed=sequence_id, temperature=rng.choice([0.7, 1.0])
        )
        self.segments = segments(*rng.choices(SEGMENTS, k=4))

    def plan_of(self, slot: int, num_said: int) -> tuple[Prefill, ...]:
        return (Prefill(slot, self.segments[num_said]),)


@cache
def alone(sequence_id: int) -> Pcm:
    """Return what a sequence says in a runner of its own, a frame a step."""
    script, runner = Script(sequence_id), make_runner(talkative(), num_lanes=1)
    return says(runner, script, num_frames=1)


def says(runner: S1Runner, script: Script, num_frames: int) -> Pcm:
    results: list[RowResult] = []
    prefills: tuple[Prefill, ...] = script.plan_of(0, 0)
    admissions: tuple[Admission, ...] = (Admission(0, script.id, script.request),)
    num_said = 0
    while sum(len(result.pcm) for result in results) < ENOUGH * FRAME:
        plan = StepPlan(admissions=admissions, prefills=prefills, rows=(Row(0, num_frames),))
        results += runner.run(plan).rows
        admissions = prefills = ()
        if results[-1].segment_done:
            num_said += 1
            if num_said == len(script.segments):
                break
            prefills = script.plan_of(0, num_said)
    runner.run(StepPlan(released=(script.id,)))
    return pcm(results)


class Schedule:
    """Sequences that join, leave, are parked, evicted and cancelled at random."""

    def __init__(self, runner: S1Runner, seed: int, num_slots: int) -> None:
        self.rng = random.Random(seed)
        self.runner = runner
        self.waiting = list(range(1, 9))
        self.free = set(range(num_slots))
        self.slots: dict[int, int] = {}
        self.parked: set[int] = set()
        self.said: dict[int, list[RowResult]] = defaultdict(list)
        self.num_segments: dict[int, int] = defaultdict(int)
        self.must_begin: set[int] = set()
        self.is_starving = False
        self.gone: set[int] = set()

    def play(self) -> None:
        while self.waiting or self.slots or self.parked:
            released, evicted, parked = self._leave(), self._evict(), self._park()
            admissions = self._join()
            rows = [slot for slot in self.slots.values() if self.rng.random() < 0.8]
            self.rng.shuffle(rows)
            rows = rows[: self.runner.info.max_rows]
            owners = {slot: sequence_id for sequence_id, slot in self.slots.items()}
            begins = [slot for slot in rows if owners[slot] in self.must_begin]
            self.must_begin -= {owners[slot] for slot in begins}
            plan = StepPlan(
                released=released,
                evicted=evicted,
                parked=parked,
                admissions=admissions,
                prefills=tuple(
                    Script(owners[slot]).plan_of(slot, self.num_segments[owners[slot]])[0]
                    for slot in begins
                ),
                rows=tuple(Row(slot, self.rng.choice([1, 2, 4, 8])) for slot in rows),
                time_budget_s=self.rng.choice([0.0, float("inf")]),
            )
            result = self.runner.run(plan)
            self.is_starving = bool(result.starved)
            for row in result.rows:
                self._take(owners[row.slot], row)

    def _take(self, sequence_id: int, result: RowResult) -> None:
        assert result.error is None
        self.said[sequence_id].append(result)
        if result.segment_done:
            self.num_segments[sequence_id] += 1
            self.must_begin.add(sequence_id)

    def _leave(self) -> tuple[int, ...]:
        leaving = [
            i
            for i in [*self.slots, *self.parked]
            if sum(len(result.pcm) for result in self.said[i]) >= ENOUGH * FRAME
            or self.num_segments[i] == 4
            or self.rng.random() < 0.01
        ]
        for sequence_id in leaving:
            self.parked.discard(sequence_id)
            if sequence_id in self.slots:
                self.free.add(self.slots.pop(sequence_id))
        self.gone.update(leaving)
        return tuple(leaving)

    def _evict(self) -> tuple[int, ...]:
        evicted = {i for i in [*self.slots, *self.parked] if self.rng.random() < 0.02}
        if self.is_starving:
            evicted |= {max([*self.slots, *self.parked], default=0)} - {0}
        for sequence_id in evicted & set(self.slots):
            self.free.add(self.slots.pop(sequence_id))
        self.parked |= evicted
        return tuple(evicted)

    def _park(self) -> tuple[int, ...]:
        parked = [i for i in self.slots if self.rng.random() < 0.1]
        for sequence_id in parked:
            self.free.add(self.slots.pop(sequence_id))
        self.parked.update(parked)
        return tuple(parked)

    def _join(self) -> tuple[Admission, ...]:
        admissions = []
        while self.free and (self.waiting or self.parked) and self.rng.random() < 0.5:
            is_new = bool(self.waiting) and (not self.parked or self.rng.random() < 0.5)
            sequence_id = self.waiting.pop() if is_new else self.rng.choice(list(self.parked))
            self.parked.discard(sequence_id)
            if is_new:
                self.must_begin.add(sequence_id)
            slot = self.free.pop()
            self.slots[sequence_id] = slot
            admissions.append(Admission(slot, sequence_id, Script(sequence_id).request))
        return tuple(admissions)


@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (1, 2, 3))]
)
@pytest.mark.parametrize(
    ("num_slots", "num_lanes", "num_cached"),
    [(4, 4, 4_096), (6, 2, 4_096), (4, 3, 320)],
    ids=["room for all", "more slots than lanes", "a cache that is too small"],
)
def test_a_batch_with_joins_leaves_parks_evictions_and_cancels_sounds_as_its_sequences_do_alone(
    seed: int, num_slots: int, num_lanes: int, num_cached: int
) -> None:
    runner = make_runner(talkative(), num_lanes=num_lanes, num_cached=num_cached)
    schedule = Schedule(runner, seed, num_slots)
    schedule.play()
    assert len(schedule.gone) == 8
    assert any(schedule.num_segments.values())
    for sequence_id in schedule.gone:
        said = pcm(schedule.said[sequence_id]) if schedule.said[sequence_id] else np.zeros(0)
        num_common = min(len(said), len(alone(sequence_id)))
        assert np.array_equal(said[:num_common], alone(sequence_id)[:num_common])
    # Nothing is left behind.
    pool = runner._lanes._generator.pool
    assert pool.num_free == pool.num_blocks
    assert runner._sequences == {}
    assert len(runner._lanes._free) == num_lanes


@pytest.mark.parametrize("num_frames", [2, 5, 8, 30])
def test_how_many_frames_a_row_makes_changes_nothing(num_frames: int) -> None:
    said = says(make_runner(talkative()), Script(3), num_frames)
    num_common = min(len(said), len(alone(3)))
    assert num_common >= ENOUGH * FRAME
    assert np.array_equal(said[:num_common], alone(3)[:num_common])


def test_in_float32_a_neighbour_moves_no_sample_by_more_than_a_step() -> None:
    runner = make_runner(talkative(torch.float32))
    bench = Bench(runner)
    bench.request = request("anna", seed=5)
    bench.begin(1, 1)
    said = says(runner, Script(3), 4)
    num_common = min(len(said), len(alone(3)))
    difference = said[:num_common].astype(int) - alone(3)[:num_common]
    assert np.abs(difference).max() <= 1


def spoken(bench: Bench, slot: int, *texts: Segment, sequence_id: int = 1) -> list[RowResult]:
    bench.begin(slot, sequence_id, texts[0])
    results = bench.finish(slot, MAX_CHUNK)
    for text in texts[1:]:
        results.append(bench.row(slot, 1, prefills=(Prefill(slot, text),)))
        if not results[-1].segment_done:
            results += bench.finish(slot, MAX_CHUNK)
    return results


def test_a_shared_voice_sounds_as_one_that_is_read_again() -> None:
    bench = Bench(make_runner(talkative()))
    bench.request = request("anna")
    first = pcm(spoken(bench, 0, *segments("One.")))
    num_unread = bench.runner._lanes._generator.num_unread  # type: ignore[attr-defined]
    bench.begin(1, 2, Segment("One.", 0, 4))
    bench.row(1)
    # The prompt of another one is in the cache but for its last block; here it is told alone.
    assert num_unread(1) == 1
    bench.release(2)
    assert np.array_equal(pcm(spoken(bench, 1, *segments("One."), sequence_id=2)), first)


def test_a_voice_changes_what_is_heard() -> None:
    bench = Bench(make_runner(talkative()))
    drawn = pcm(spoken(bench, 0, *segments("One.")))
    bench.release(1)
    bench.request = request("anna")
    assert not np.array_equal(pcm(spoken(bench, 0, *segments("One."))), drawn)


def test_the_same_seed_is_the_same_speech_and_another_is_another() -> None:
    bench = Bench(make_runner(talkative()))
    found = []
    for seed in (1, 2, 1, 2**53 - 1):
        bench.request = request(seed=seed)
        found.append(pcm(spoken(bench, 0, *segments("It rained."))).tobytes())
        bench.release(1)
    assert found[0] == found[2]
    assert len(set(found)) == 3


@pytest.mark.slow
def test_a_request_without_a_seed_draws_one() -> None:
    runner = S1Runner(talkative(), VOICES, num_lanes=1, num_cached=1_024)
    bench = Bench(runner)
    found = set()
    # Now and then one says nothing at all, and so may the next.
    for _ in range(10):
        found.add(pcm(spoken(bench, 0, *segments("It rained."))).tobytes())
        bench.release(1)
    assert len(found) > 2


def test_a_segment_reads_on_where_the_last_one_ended() -> None:
    runner = make_runner(talkative())
    bench = Bench(runner)
    bench.request = request("anna")
    first, second = segments("It rained.", "Say it again.")
    spoken(bench, 0, first)
    read = runner._sequences[1].num_prompt
    num_frames = len(runner._sequences[1].drawn)
    bench.row(0, prefills=(Prefill(0, second),))
    prompts = tiny_speaker(torch.float64).prompts
    whole = prompts.build(second.text, (reference(), *runner._sequences[1].said))
    assert runner._sequences[1].num_prompt == whole.shape[1]
    assert whole.shape[1] == read + num_frames + prompts.following(second.text).shape[1]


def test_the_sound_runs_on_through_the_joint_of_two_segments() -> None:
    runner = make_runner(talkative())
    bench = Bench(runner)
    results = spoken(bench, 0, *segments("It rained.", "Say it again.", "Once more."))
    codes = np.concatenate([said.codes for said in runner._sequences[1].said], axis=1)
    decoder = tiny_speaker(torch.float64).codec.decoder
    state = decoder.new_state(1, codes.shape[1])
    whole = decoder.decode(torch.from_numpy(codes)[None], torch.tensor([0]), state)[0]
    assert len(pcm(results)) == codes.shape[1] * FRAME
    assert np.abs(pcm(results) - whole.numpy() * 2**15).max() < 1


@pytest.mark.slow
def test_a_text_longer_than_the_context_keeps_its_voice_and_drops_the_oldest() -> None:
    model = tiny_speaker(torch.float64, max_seq_len=256, end_scale=1.5)
    runner = make_runner(model)
    bench = Bench(runner)
    bench.request = request("anna", seed=3)
    results = spoken(bench, 0, *segments(*SEGMENTS * 2))
    sequence = runner._sequences[1]
    assert all(result.error is None for result in results)
    assert 0 < len(sequence.said) < 5
    opened = runner._lanes._generator._contexts[0].opened_with
    voice = model.prompts.prefix(sequence.voice)
    assert np.array_equal(opened[:, : voice.shape[1]], voice)
    assert opened.shape[1] < 256
    # The noise goes on, though the context was read anew.
    assert int(runner._lanes._generator._state.frames[0]) == sequence.num_drawn


def test_what_was_said_is_read_anew_where_the_context_is_full_and_only_the_last_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    runner = make_runner(talkative())
    bench = Bench(runner)
    *before, next_one = segments("It rained.", "Say it again.", "Once more.", "And then?")
    spoken(bench, 0, *before)
    sequence = runner._sequences[1]
    last = sequence.said[-1]
    prompts = tiny_speaker(torch.float64).prompts
    follows = prompts.following(next_one.text).shape[1]
    whole = sequence.num_prompt + len(sequence.drawn) + follows
    # Without the first there would be room, for the next one and for what that takes.
    limits = replace(SPEECH_LIMITS, max_context=whole - 5, expected_frames=lambda _: 0)
    monkeypatch.setattr(runner._reader, "_limits", limits)
    monkeypatch.setattr(reader, "KEPT_CONTEXT", last.codes.shape[1])
    bench.row(0, prefills=(Prefill(0, next_one),))
    assert [said.text for said in sequence.said] == [last.text]
    prompt = runner._lanes._generator.context(0).opened_with
    assert np.array_equal(prompt, prompts.build(next_one.text, [last]))


def test_a_text_of_digits_alone_is_spoken() -> None:
    text = "0123456789" * 30
    bench = Bench(make_runner(talkative()))
    bench.begin(0, 1, Segment(text, 0, len(text)))
    assert bench.row(0).error is None


class Clock:
    """Passes a second with every look."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        self.now_s += 1.0
        return self.now_s


def test_a_step_ends_when_its_time_is_spent_and_nothing_is_lost() -> None:
    runner = make_runner(talkative())
    runner._clock = Clock()
    bench = Bench(runner)
    whole = pcm(spoken(bench, 0, *segments("It rained.")))
    bench.release(1)
    bench.begin(0, 1, Segment("It rained.", 0, 10))
    results: list[RowResult] = []
    while not results or not results[-1].segment_done:
        results += runner.run(StepPlan(rows=(Row(0, 8),), time_budget_s=2.5)).rows
        assert len(results[-1].pcm) <= 3 * FRAME
    assert np.array_equal(pcm(results), whole)


def test_a_long_prompt_costs_those_who_speak_no_frame() -> None:
    runner = make_runner(talkative())
    bench = Bench(runner)
    bench.begin(0, 1)
    bench.row(0)
    budget = PREFILL_TOKENS["cpu"]
    long = Segment("x" * 4 * budget, 0, 4 * budget)
    bench.begin(1, 2, long)
    for _ in range(4):
        # The reader is the more urgent one.
        plan = StepPlan(rows=(Row(1, 1), Row(0, 1)), time_budget_s=0.0)
        (result,) = runner.run(plan).rows
        assert (result.slot, len(result.pcm)) == (0, FRAME)
    assert {result.slot for result in runner.run(plan).rows} == {0, 1}


def test_prompts_that_are_read_together_are_no_more_than_one_alone() -> None:
    runner = make_runner(talkative())
    bench = Bench(runner)
    for slot in (0, 1):
        bench.begin(slot, slot + 1, Segment("x" * 100, 0, 100))
    runner.run(StepPlan(rows=(Row(0, 1), Row(1, 1)), time_budget_s=0.0))
    tables = [runner._lanes._generator.context(lane).table for lane in (0, 1)]
    assert sum(table.num_tokens for table in tables) == PREFILL_TOKENS["cpu"]


def test_whoever_has_a_row_is_not_set_aside_for_another(monkeypatch: pytest.MonkeyPatch) -> None:
    runner = make_runner(talkative(), num_lanes=2)
    bench = Bench(runner)
    for slot in (0, 1):
        bench.begin(slot, slot + 1)
        bench.row(slot)
    bench.begin(2, 3)
    set_aside = []
    leave = Lanes._leave

    def watched(lanes: Lanes, sequence: Sequence) -> None:
        set_aside.append(sequence.id)
        leave(lanes, sequence)

    monkeypatch.setattr(Lanes, "_leave", watched)
    # The first has waited for longest, but has a row.
    runner.run(StepPlan(rows=(Row(2, 1), Row(0, 1))))
    assert set_aside == [2]


def test_samples_that_are_no_numbers_fail_their_row_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(make_runner(talkative()))
    for slot in (0, 1):
        bench.begin(slot, slot + 1)
    draft = Decoder.draft

    def lost(*args: object) -> tuple[torch.Tensor, Callable[[], None]]:
        samples, go_on = draft(*args)  # type: ignore[arg-type]
        samples[0, -1] = torch.nan
        return samples, go_on

    monkeypatch.setattr(Decoder, "draft", lost)
    bad, good = bench.runner.run(StepPlan(rows=(Row(0, 1), Row(1, 1)))).rows
    assert bad.error == "the codec's numbers are not finite"
    assert good.error is None


def test_a_bad_row_fails_alone() -> None:
    model = tiny_speaker(torch.float64, end_scale=1.5, poisoned="!")
    bench = Bench(make_runner(model))
    expected = pcm(spoken(bench, 0, *segments("It rained.")))
    bench.release(1)
    bench.begin(0, 1, Segment("It rained.", 0, 10))
    bench.begin(1, 2, Segment("Stop!", 0, 5))
    bad, good = bench.runner.run(StepPlan(rows=(Row(1, 1), Row(0, 1)))).rows
    assert (bad.slot, bad.error) == (1, "the model's numbers are not finite")
    bench.release(2)
    assert np.array_equal(pcm([good, *bench.finish(0)]), expected)


def test_a_text_that_does_not_fit_fails_alone() -> None:
    model = tiny_speaker(torch.float64, max_seq_len=256, end_scale=1.5)
    bench = Bench(make_runner(model))
    bench.begin(0, 1, Segment("x" * 300, 0, 300))
    assert bench.row(0).error == "the text and the voice leave no room to speak"
    bench.begin(1, 2, Segment("One.", 0, 4))
    assert bench.row(1).error is None
    bench.release(1, 2)


def test_a_sequence_that_the_cache_does_not_hold_fails_alone() -> None:
    bench = Bench(make_runner(num_cached=128))
    bench.begin(0, 1, Segment("x" * 100, 0, 100))
    assert bench.row(0).error == "the text and the voice leave no room to speak"
    bench.release(1)
    bench.begin(0, 2, Segment("One.", 0, 4))
    assert bench.row(0).error is None


def test_a_segment_whose_end_is_missing_is_cut() -> None:
    bench = Bench(make_runner(tiny_speaker(torch.float64, end_scale=0.0)))
    results = spoken(bench, 0, Segment("One.", 0, 4))
    assert results[-1].gave_up is FinishReason.LENGTH
    assert results[-1].segment_done
    assert len(pcm(results)) == 89 * FRAME


def test_a_model_that_goes_round_in_circles_is_cut() -> None:
    bench = Bench(make_runner(tiny_speaker(torch.float64, end_scale=0.0, is_deaf=True)))
    bench.request = request(top_p=0.001, repetition_penalty=1.0)
    text = "What a long text this is, and it has no end."
    results = spoken(bench, 0, Segment(text, 0, len(text)))
    assert results[-1].gave_up is FinishReason.REPETITION
    assert len(pcm(results)) < 200 * FRAME
