"""How text becomes segments, flushes, marks and an end: in virtual time."""

import numpy as np
import pytest

from engine.outputs import Blocked, Chunk, Finished, Flushed, MarkUnit
from engine.runners.tone import SAMPLE_RATE_HZ, SAMPLES_PER_CHAR
from engine.scheduling.limits import SchedulerLimits
from engine.steps import FinishReason
from tests.helpers.virtual_engine import STEP_S, VirtualEngine

SENTENCE = "The quick brown fox jumps over the lazy dog. "
LONG = SENTENCE * 20
SECOND = SAMPLE_RATE_HZ


# Flush and end


def test_flushed_follows_the_last_sample_of_what_was_flushed() -> None:
    engine = VirtualEngine()
    engine.open(1, end=False)
    engine.append(1, "one two")
    engine.flush(1, 11)
    engine.append(1, "three")
    engine.flush(1, 12)
    engine.end(1)
    engine.settle()
    first, second = 7 * SAMPLES_PER_CHAR, 12 * SAMPLES_PER_CHAR
    told = [o for o in engine.outputs if not isinstance(o, Chunk)]
    assert told == [
        Flushed(1, 11, first),
        Flushed(1, 12, second),
        Finished(1, second, FinishReason.END),
    ]
    position = engine.outputs.index(Flushed(1, 11, first))
    before = [o for o in engine.outputs[:position] if isinstance(o, Chunk)]
    assert sum(len(chunk.pcm) for chunk in before) == first


def test_an_empty_flush_is_answered_at_once() -> None:
    engine = VirtualEngine()
    engine.open(1, end=False)
    assert engine.flush(1, 5) == [Flushed(1, 5, 0)]


def test_a_flush_that_finds_everything_spoken_is_answered_at_once() -> None:
    engine = VirtualEngine()
    engine.open(1, "Good morning.", end=False)
    engine.flush(1, 1)
    engine.settle()
    assert engine.flush(1, 2) == [Flushed(1, 2, 13 * SAMPLES_PER_CHAR)]


def test_open_and_end_without_text_is_finished_with_no_samples() -> None:
    engine = VirtualEngine()
    engine.open(1, end=False)
    assert engine.end(1) == [Finished(1, 0, FinishReason.END)]
    assert engine.scheduler.num_sequences == 0


@pytest.mark.parametrize("text", [" ", "\n\n", "\t \u00a0"])
def test_blank_text_is_finished_with_no_samples(text: str) -> None:
    engine = VirtualEngine()
    engine.open(1, text)
    assert engine.outputs == [Finished(1, 0, FinishReason.END)]


def test_commands_after_the_end_are_ignored() -> None:
    engine = VirtualEngine()
    engine.open(1, "Good morning.")
    engine.append(1, SENTENCE)
    engine.end(1)
    engine.settle()
    told = len(engine.outputs)
    engine.append(1, SENTENCE)
    engine.grant(1, 1)
    engine.cancel(1)
    assert engine.flush(1, 1) == engine.end(1) == []
    assert not engine.plan()
    assert len(engine.outputs) == told
    assert engine.samples(1) == 13 * SAMPLES_PER_CHAR


# Held text


HOLDS = SchedulerLimits(text_hold_s=0.5, word_hold_s=1.5)


def test_held_text_is_spoken_once_nothing_came_for_the_hold_time() -> None:
    engine = VirtualEngine(HOLDS)
    engine.open(1, "Well, let me ", end=False)
    assert engine.scheduler.wake_s() == pytest.approx(0.5)
    engine.now_s = 0.49
    assert not engine.plan()
    engine.now_s = 0.5
    assert engine.plan().prefills[0].segment.text == "Well, let me"
    assert engine.scheduler.wake_s() is None


@pytest.mark.parametrize(
    ("begun", "word"),
    [
        ("The answer is", " 42."),
        ("One moment", " please"),
        ("Choose plan", " B."),
        ("\u8bf7\u7a0d\u7b49\u4e00", "\u4e0b"),
        ("", "Hello"),
    ],
)
def test_an_unfinished_word_is_spoken_once_nothing_came_for_its_longer_hold_time(
    begun: str, word: str
) -> None:
    engine = VirtualEngine(HOLDS)
    engine.open(1, begun + word, end=False)
    engine.now_s = 0.5
    engine.settle()
    assert engine.samples(1) == len(begun) * SAMPLES_PER_CHAR
    assert engine.scheduler.wake_s() == pytest.approx(1.5)
    engine.now_s = 1.49
    assert not engine.plan()
    engine.now_s = 1.5
    assert [prefill.segment.text for prefill in engine.step().prefills] == [word.strip()]
    assert engine.scheduler.wake_s() is None
    engine.settle()
    assert engine.outputs[-1] == engine.chunks(1)[-1], "more text may come"


def test_more_text_begins_the_hold_times_anew() -> None:
    engine = VirtualEngine(HOLDS)
    engine.open(1, "Well, ", end=False)
    engine.now_s = 0.4
    engine.append(1, "let m")
    engine.now_s = 0.8
    assert not engine.plan()
    assert engine.scheduler.wake_s() == pytest.approx(0.9)
    engine.now_s = 0.9
    assert engine.plan()
    engine.append(1, "e s")
    assert engine.scheduler.wake_s() == pytest.approx(1.4)


def test_text_is_held_from_when_it_is_read_though_what_precedes_it_is_still_spoken() -> None:
    engine = VirtualEngine(HOLDS)
    engine.open(1, "Well, let me think about it. And then", end=False)
    assert engine.scheduler.wake_s() is None
    engine.step()
    assert engine.scheduler.wake_s() == pytest.approx(0.5)


def test_no_text_at_all_does_not_begin_the_hold_time_anew() -> None:
    engine = VirtualEngine(HOLDS)
    engine.open(1, "Well, let me ", end=False)
    engine.now_s = 0.4
    engine.append(1, "")
    assert engine.scheduler.wake_s() == pytest.approx(0.5)


def test_the_hold_time_runs_only_once_all_that_came_before_is_decided() -> None:
    engine = VirtualEngine(SchedulerLimits(text_hold_s=0.5, word_hold_s=60.0))
    engine.open(1, LONG + "Well, let me see whe", end=False)
    while engine.scheduler.wake_s() is None:
        engine.step()
    spoken = [mark.end for mark in engine.marks(1) if mark.unit is MarkUnit.SEGMENT]
    assert spoken[-1] > len(LONG) - 2 * len(SENTENCE)
    engine.settle()
    last = engine.marks(1)[-1]
    assert (LONG + "Well, let me see whe")[: last.end].endswith("see")


def test_held_text_that_is_due_without_credit_says_blocked() -> None:
    engine = VirtualEngine()
    engine.open(1, "Well, let me ", credit=0, end=False)
    assert not engine.outputs
    engine.now_s = 1.0
    assert not engine.plan()
    assert engine.outputs == [Blocked(1, 0)]


def test_word_by_word_speaks_as_the_whole_text_does() -> None:
    text = LONG.strip()
    whole, words = VirtualEngine(), VirtualEngine()
    whole.open(1, text)
    words.open(1, end=False)
    for word in text.split(" "):
        words.append(1, f"{word} ")
        for _ in range(3):
            words.step()
    words.end(1)
    whole.settle()
    words.settle()
    assert np.array_equal(whole.pcm(1), words.pcm(1))
    assert whole.marks(1) == words.marks(1)
    assert words.now_s > STEP_S


# Marks


def test_every_mark_precedes_its_audio_and_together_they_cover_the_text() -> None:
    engine = VirtualEngine()
    engine.open(1, LONG)
    engine.settle()
    for chunk in engine.chunks(1):
        ats = [mark.at for mark in chunk.marks]
        assert ats == sorted(ats)
        assert all(chunk.at <= at <= chunk.at + len(chunk.pcm) for at in ats)
    words = [mark for mark in engine.marks(1) if mark.unit is MarkUnit.WORD]
    assert [LONG[mark.start : mark.end] for mark in words] == LONG.split()
    segments = [mark for mark in engine.marks(1) if mark.unit is MarkUnit.SEGMENT]
    assert " ".join(LONG[mark.start : mark.end] for mark in segments) == LONG.rstrip()
