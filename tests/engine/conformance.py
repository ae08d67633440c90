"""What every `Runner` must do, whatever model it is. `test_runners.py` runs it on each of them."""

from collections.abc import Callable

import numpy as np
import pytest

from engine.request import SynthesisRequest
from engine.runner import Runner
from engine.steps import Admission, Pcm, Prefill, Row, RowResult, StepPlan, WordMark
from engine.text.segment import Segment

#: A runner that makes no progress for so many steps will never end its segment.
MAX_STEPS = 2_000
FIRST = Segment("The quick brown fox jumps over the lazy dog.", 0, 44)
SECOND = Segment("It was not even tired.", 45, 67)
TEXTS = (
    FIRST,
    SECOND,
    Segment("One.", 0, 4),
    Segment("Twenty-one pilots, and 3 more;", 0, 30),
)
HARMLESS = (Segment("...", 0, 3), Segment("?", 0, 1), Segment("\u2603", 0, 1))


class Bench:
    """Drives a runner by hand, row by row, and holds what each sequence got."""

    def __init__(self, runner: Runner) -> None:
        self.runner = runner
        self.frame = runner.info.frame_samples
        self.request = SynthesisRequest(voice=runner.info.voices.default.id)

    def admit(self, slot: int, sequence_id: int) -> Admission:
        return Admission(slot, sequence_id, self.request)

    def row(self, slot: int, num_frames: int = 1, **changes: object) -> RowResult:
        """Do a step with one row in it; return the row's result."""
        plan = StepPlan(rows=(Row(slot, num_frames),), **changes)  # type: ignore[arg-type]
        (result,) = self.runner.run(plan).rows
        assert result.slot == slot
        return result

    def begin(self, slot: int, sequence_id: int, segment: Segment = FIRST) -> None:
        """Admit a sequence and give it its first segment, without a row."""
        self.runner.run(
            StepPlan(
                admissions=(self.admit(slot, sequence_id),), prefills=(Prefill(slot, segment),)
            )
        )

    def finish(self, slot: int, num_frames: int = 1) -> list[RowResult]:
        """Do rows until the segment ends; return them all."""
        results: list[RowResult] = []
        for _ in range(MAX_STEPS):
            results.append(self.row(slot, num_frames))
            if results[-1].segment_done:
                return results
        raise AssertionError(f"the segment did not end within {MAX_STEPS} steps")

    def alone(self, sequence_id: int, segment: Segment = FIRST) -> list[RowResult]:
        """Speak one segment as a sequence of its own in slot 0, then release it."""
        self.begin(0, sequence_id, segment)
        results = self.finish(0)
        self.release(sequence_id)
        return results

    def release(self, *sequence_ids: int) -> None:
        self.runner.run(StepPlan(released=sequence_ids))


def pcm(results: list[RowResult]) -> Pcm:
    return np.concatenate([result.pcm for result in results])


def marks(results: list[RowResult]) -> list[WordMark]:
    return [mark for result in results for mark in result.marks]


class RunnerConformance:
    """The suite: a subclass gives the fixture `runner`."""

    @pytest.fixture
    def bench(self, runner: Runner) -> Bench:
        return Bench(runner)

    def test_it_says_what_it_is(self, runner: Runner) -> None:
        info = runner.info
        assert info.sample_rate_hz > 0
        assert info.frame_samples > 0
        assert info.max_rows > 0
        assert len(info.voices) > 0
        assert info.speed_range[0] <= 1.0 <= info.speed_range[1]
        assert info.pitch_range[0] <= 0.0 <= info.pitch_range[1]

    def test_an_empty_plan_does_nothing(self, runner: Runner) -> None:
        assert runner.run(StepPlan()).rows == ()

    @pytest.mark.parametrize("num_frames", [1, 2, 8])
    def test_rows_are_whole_frames_and_no_more_than_planned_until_the_end(
        self, bench: Bench, num_frames: int
    ) -> None:
        bench.begin(0, 1)
        *before, last = bench.finish(0, num_frames)
        for result in before:
            assert result.pcm.dtype == np.int16
            assert result.pcm.ndim == 1
            assert len(result.pcm) % bench.frame == 0
            assert len(result.pcm) <= num_frames * bench.frame
        assert len(last.pcm) <= num_frames * bench.frame
        assert all(result.gave_up is None for result in before), "gave up before the end"

    @pytest.mark.parametrize("segment", TEXTS, ids=lambda segment: segment.text)
    def test_every_segment_ends_and_is_heard(self, bench: Bench, segment: Segment) -> None:
        results = bench.alone(1, segment)
        assert all(result.error is None for result in results)
        assert np.abs(pcm(results)).max() > 500

    @pytest.mark.parametrize("segment", HARMLESS, ids=lambda segment: ascii(segment.text))
    def test_a_segment_without_words_ends_too(self, bench: Bench, segment: Segment) -> None:
        assert all(result.error is None for result in bench.alone(1, segment))

    def test_a_segment_that_says_nothing_makes_no_sound(self, bench: Bench) -> None:
        assert len(pcm(bench.alone(1, Segment("", 0, 1)))) == 0

    def test_the_size_of_the_rows_does_not_change_the_audio(self, bench: Bench) -> None:
        single = bench.alone(1)
        bench.begin(0, 1)
        large = bench.finish(0, 8)
        assert np.array_equal(pcm(single), pcm(large))
        assert marks(single) == marks(large)

    def test_the_same_sequence_sounds_the_same_again(self, bench: Bench) -> None:
        assert np.array_equal(pcm(bench.alone(1)), pcm(bench.alone(1)))

    def test_marks_are_in_order_and_within_their_rows(self, bench: Bench) -> None:
        begin = 0
        for result in bench.alone(1):
            end = begin + len(result.pcm)
            ats = [mark.at for mark in result.marks]
            assert ats == sorted(ats)
            assert all(begin <= at <= end for at in ats)
            begin = end

    def test_marks_slice_the_words_of_the_text(self, bench: Bench) -> None:
        words = [FIRST.text[mark.start : mark.end] for mark in marks(bench.alone(1))]
        assert not words or [word.strip(".") for word in words] == FIRST.text.rstrip(".").split()

    def test_two_segments_follow_each_other_in_one_sequence(self, bench: Bench) -> None:
        def both() -> tuple[list[RowResult], list[RowResult]]:
            bench.begin(0, 1)
            first = bench.finish(0)
            follows = bench.row(0, prefills=(Prefill(0, SECOND),))
            second = [follows] if follows.segment_done else [follows, *bench.finish(0)]
            bench.release(1)
            return first, second

        first, second = both()
        assert np.array_equal(pcm(first), pcm(bench.alone(1)))
        assert np.abs(pcm(second)).max() > 500
        # A mark counts from its own segment.
        assert all(0 <= mark.at <= len(pcm(second)) for mark in marks(second))
        again = both()
        assert np.array_equal(pcm(second), pcm(again[1]))

    def test_a_parked_sequence_resumes_on_the_very_sample(self, bench: Bench) -> None:
        whole = bench.alone(1)
        bench.begin(0, 1)
        results = [bench.row(0), bench.row(0)]
        bench.runner.run(StepPlan(parked=(1,)))
        bench.begin(0, 2, SECOND)
        bench.row(0)
        results.append(bench.row(3, admissions=(bench.admit(3, 1),)))
        results += bench.finish(3)
        assert np.array_equal(pcm(results), pcm(whole))
        assert marks(results) == marks(whole)

    def test_an_evicted_sequence_resumes_on_the_very_sample(self, bench: Bench) -> None:
        whole = bench.alone(1)
        bench.begin(0, 1)
        results = [bench.row(0), bench.row(0)]
        bench.runner.run(StepPlan(evicted=(1,)))
        bench.begin(0, 2, SECOND)
        bench.row(0)
        results.append(bench.row(3, admissions=(bench.admit(3, 1),)))
        # And without a slot.
        bench.runner.run(StepPlan(parked=(1,)))
        bench.runner.run(StepPlan(evicted=(1,)))
        results.append(bench.row(2, admissions=(bench.admit(2, 1),)))
        results += bench.finish(2)
        assert np.array_equal(pcm(results), pcm(whole))
        assert marks(results) == marks(whole)

    def test_a_sequence_may_be_evicted_between_its_segments(self, bench: Bench) -> None:
        def both(*evicted: int) -> list[RowResult]:
            bench.begin(0, 1)
            first = bench.finish(0)
            bench.runner.run(StepPlan(parked=() if evicted else (1,), evicted=evicted))
            admissions = (bench.admit(1, 1),)
            follows = bench.row(1, admissions=admissions, prefills=(Prefill(1, SECOND),))
            second = [follows] if follows.segment_done else [follows, *bench.finish(1)]
            bench.release(1)
            return first + second

        assert np.array_equal(pcm(both(1)), pcm(both()))

    def test_a_sequence_may_be_parked_between_its_segments(self, bench: Bench) -> None:
        bench.begin(0, 1)
        first = bench.finish(0)
        follows = [bench.row(0, prefills=(Prefill(0, SECOND),))]
        straight = first + follows + bench.finish(0)
        bench.release(1)
        bench.begin(0, 1)
        first = bench.finish(0)
        bench.runner.run(StepPlan(parked=(1,)))
        follows = [bench.row(1, admissions=(bench.admit(1, 1),), prefills=(Prefill(1, SECOND),))]
        parked = first + follows + bench.finish(1)
        assert np.array_equal(pcm(parked), pcm(straight))

    def test_a_batch_sounds_as_its_sequences_do_alone(self, bench: Bench) -> None:
        ids = range(1, len(TEXTS) + 1)
        expected = {i: pcm(bench.alone(i, TEXTS[i - 1])) for i in ids}
        rows: dict[int, list[RowResult]] = {i: [] for i in ids}
        for i in ids:
            bench.begin(i, i, TEXTS[i - 1])
        running = set(ids)
        for step in range(MAX_STEPS):
            # Different sizes in one step, in an order that changes from step to step.
            order = sorted(running, key=lambda i: (i + step) % len(TEXTS))
            plan = StepPlan(rows=tuple(Row(i, 1 + (i + step) % 3) for i in order))
            for result in bench.runner.run(plan).rows:
                rows[result.slot].append(result)
                if result.segment_done:
                    running.discard(result.slot)
            if not running:
                break
        assert not running
        for i in ids:
            assert np.array_equal(pcm(rows[i]), expected[i])

    def test_a_released_sequence_leaves_nothing_to_the_next_in_its_slot(self, bench: Bench) -> None:
        expected = pcm(bench.alone(2, SECOND))
        bench.begin(0, 1)
        bench.row(0)
        follows = bench.row(
            0,
            released=(1,),
            admissions=(bench.admit(0, 2),),
            prefills=(Prefill(0, SECOND),),
        )
        assert np.array_equal(pcm([follows, *bench.finish(0)]), expected)

    def test_a_parked_sequence_can_be_released(self, bench: Bench) -> None:
        expected = pcm(bench.alone(1))
        bench.begin(0, 1)
        bench.row(0)
        bench.runner.run(StepPlan(parked=(1,)))
        bench.release(1)
        assert np.array_equal(pcm(bench.alone(1)), expected)

    def test_releasing_a_sequence_that_never_was_admitted_is_harmless(self, bench: Bench) -> None:
        bench.begin(0, 1)
        bench.release(77)
        assert bench.finish(0)

    def test_it_ends_while_sequences_are_open(self, make_runner: Callable[[], Runner]) -> None:
        runner = make_runner()
        Bench(runner).begin(0, 1)
        runner.close()
