"""What is sent when, and when a segment is complete."""

import random
from contextlib import closing

import pytest

from engine.text.segment import SegmentRules
from loadtest.script import live, script_maker, whole
from loadtest.texts import SENTENCES, long_text, turn_text
from server.models import load_runner

RULES = SegmentRules(first_max_words=24, max_words=40, max_chars=300)
TEXT = "One two three four. Five six seven eight."


def test_live_text_comes_word_by_word_and_nothing_is_lost() -> None:
    script = live(TEXT, 10.0, RULES)
    assert "".join(piece for _, piece in script.pieces) == TEXT
    assert [at_s for at_s, _ in script.pieces] == pytest.approx([n / 10 for n in range(8)])


def test_a_segment_is_complete_with_the_word_that_settles_its_border() -> None:
    script = live(TEXT, 10.0, RULES)
    # The space after the full stop comes with "four. ", the fourth word, at 0.3 s.
    assert script.first_segment_s == pytest.approx(0.3)
    assert script.complete_s(TEXT.index("four") + len("four.")) == pytest.approx(0.3)


def test_the_last_segment_is_complete_with_the_end_of_the_text() -> None:
    assert live(TEXT, 10.0, RULES).complete_s(len(TEXT)) == pytest.approx(0.7)


def test_text_that_is_sent_at_once_is_complete_at_once() -> None:
    script = whole(TEXT)
    assert script.pieces == ((0.0, TEXT),)
    assert script.first_segment_s == script.complete_s(len(TEXT)) == 0


@pytest.mark.parametrize("model", ["tone", "espeak"])
def test_live_text_is_cut_as_the_model_of_the_server_cuts_it(model: str) -> None:
    with closing(load_runner(model)) as runner:
        rules = runner.info.segmentation
    expected = live(turn_text(random.Random(2)), 12.0, rules)
    assert script_maker(12.0, model)(random.Random(2)) == expected


def test_models_cut_the_same_text_at_different_times() -> None:
    scripts = [script_maker(12.0, model)(random.Random(2)) for model in ("tone", "espeak")]
    assert scripts[0].completed != scripts[1].completed


def test_the_same_seed_says_the_same() -> None:
    assert turn_text(random.Random(3)) == turn_text(random.Random(3))


@pytest.mark.parametrize("length", [1, 100, 20_000])
def test_a_long_text_is_as_long_as_asked(length: int) -> None:
    text = long_text(length)
    assert len(text) == length
    assert text.startswith(SENTENCES[0][:length])
