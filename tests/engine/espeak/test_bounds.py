import random

import numpy as np
import pytest

from engine.runners.espeak.library import SAMPLE_RATE_HZ
from engine.runners.espeak.runner import EspeakRunner
from engine.runners.espeak.take import BURST_SAMPLES
from engine.runners.espeak.text import clean
from engine.steps import Row, StepPlan
from tests.engine.espeak.speaking import Spoken, admit, prefill, say

HOSTILE = [
    "\0",
    "a\0b",
    "[[h@'loU]]",
    '<break time="10s"/>x',
    "<speak><audio src='/etc/passwd'/></speak>",
    "\x01100P \x1b[0m loud",
    "\ud800 \udfff",
    "\U000e0001\ufffe\uffff\ufdd0",
    "مرحبا بالعالم \u202eabc\u202c",
    "\u200b\u200d\u2060",
    "e" + "\u0301" * 119,
    "👨‍👩‍👧‍👦" * 17,
    "😀" * 120,
    "1" * 100,
    "日" * 120,
    "ก" * 120,
    "\U0001d538" * 120,
    "%" * 120,
    "((((" * 30,
    "internationalization " * 5,
    "x" * 120,
    " \n\t\r ",
    "",
    "\n\n",
    "&amp; &#0; %s %n",
]


@pytest.mark.slow
@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_any_text_ends_with_its_words_marked_in_order(runner: EspeakRunner, text: str) -> None:
    spoken = say(runner, text)
    assert spoken.rows[-1].error is None
    assert all(mark.start < mark.end <= len(text) for mark in spoken.marks)
    assert [mark.at for mark in spoken.marks] == sorted(mark.at for mark in spoken.marks)


def _longest_row(runner: EspeakRunner, text: str, voice: str, speed: float) -> int:
    admit(runner, 1, voice=voice, speed=speed)
    runner.run(StepPlan(prefills=(prefill(1, text),)))
    spoken = Spoken()
    while not spoken.is_done:
        # A row this long takes all there is, so its length is the work of one step.
        spoken.rows += runner.run(StepPlan(rows=(Row(1, 100_000),))).rows
    return max(len(row.pcm) for row in spoken.rows)


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_no_row_makes_much_more_than_a_burst(runner: EspeakRunner, text: str) -> None:
    assert _longest_row(runner, text, "en-us", 1.0) <= BURST_SAMPLES + 3 * 1024


@pytest.mark.parametrize("voice", [pytest.param("en-us", marks=pytest.mark.slow), "ar"])
@pytest.mark.parametrize("text", [*HOSTILE, "\U0001d538" * 4 + " x", "\ufdfa" * 4], ids=ascii)
def test_at_half_the_pace_no_row_makes_more_than_two_bursts(
    runner: EspeakRunner, text: str, voice: str
) -> None:
    assert _longest_row(runner, text, voice, 0.5) <= 2 * BURST_SAMPLES


def test_a_number_is_heard_out_even_at_half_the_pace(runner: EspeakRunner) -> None:
    text = "999999999999999 "
    assert 2 * BURST_SAMPLES < _longest_row(runner, text, "en-us", 0.5) <= 3 * BURST_SAMPLES


def test_no_language_makes_more_of_a_number_than_was_measured(runner: EspeakRunner) -> None:
    assert _longest_row(runner, "7" * 16, "lv", 0.5) < 27 * SAMPLE_RATE_HZ


@pytest.mark.parametrize("run", ["W" * 16, "\\" * 16])
def test_letters_and_signs_are_parted_where_a_number_is_not(runner: EspeakRunner, run: str) -> None:
    for voice in ("eu", "ltg"):
        assert _longest_row(runner, run, voice, 0.5) <= BURST_SAMPLES + 3 * 1024


def test_random_code_points_never_break_a_row(runner: EspeakRunner) -> None:
    draw = random.Random(7)
    for _ in range(30):
        text = "".join(chr(int(0x110000 ** draw.random())) for _ in range(60))
        assert say(runner, text, voice=draw.choice(["en-us", "cmn", "ar"])).rows[-1].error is None


def test_ten_thousand_characters_without_a_space_are_spoken_to_the_end(
    runner: EspeakRunner,
) -> None:
    segments = ["abcdefgh" * 15] * 83 + ["abcdefgh" * 5]
    spoken = say(runner, *segments[:4], segments[-1], speed=2.5)
    assert sum(row.segment_done for row in spoken.rows) == 5
    assert len(spoken.marks) == 5


def test_a_segment_longer_than_a_burst_loses_no_word_and_says_none_twice(
    runner: EspeakRunner,
) -> None:
    text = "internationalization and 1,234,567 or 45 " * 3
    spoken = say(runner, text, speed=0.5)
    assert spoken.words(text) == text.split()
    assert len(spoken.pcm) > 2 * BURST_SAMPLES
    # The same words in calls of their own: what is between them is all that differs.
    one = len(say(runner, text[: len(text) // 3], speed=0.5).pcm)
    assert len(spoken.pcm) == pytest.approx(3 * one, rel=0.1)


def test_others_speak_while_a_hostile_segment_is_made(runner: EspeakRunner) -> None:
    admit(runner, 1)
    admit(runner, 2)
    plan = StepPlan(
        prefills=(prefill(1, "ก" * 120), prefill(2, "Hello there, my friend.")),
        rows=(Row(1, 8), Row(2, 8)),
    )
    hostile, honest = runner.run(plan).rows
    assert len(honest.pcm) == 8 * 1024
    assert not hostile.segment_done


def test_phonemes_and_tags_are_read_as_text(runner: EspeakRunner) -> None:
    assert len(say(runner, "[[h@'loU]]").pcm) > 1.3 * len(say(runner, "hello").pcm)
    assert len(say(runner, '<break time="10s"/>').pcm) < 10 * 22_050
    assert len(say(runner, '<break time="10s"/>').pcm) > 22_050


def test_punctuation_alone_is_silent(runner: EspeakRunner) -> None:
    for text in ("... !", "-", "\u201c\u201d", " ?! ", "\u2014"):
        (row,) = say(runner, text).rows
        assert row.segment_done
        assert len(row.pcm) == 0


def test_cleaning_keeps_every_position() -> None:
    for text in HOSTILE:
        assert len(clean(text)) == len(text)
        clean(text).encode()


def test_samples_are_int16(runner: EspeakRunner) -> None:
    assert say(runner, "x").pcm.dtype == np.int16
