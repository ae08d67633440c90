"""Text rules in the engine: what is spoken, and what marks say of it, in virtual time."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.outputs import Mark, MarkUnit
from engine.runners.tone import SAMPLES_PER_CHAR
from engine.text.rules import TextRules
from tests.helpers.virtual_engine import VirtualEngine

TEXT = "**Well**, it costs $3.50 for 5km 🙂, or 120 K8s nodes! Is 5-fold enough?\n\nYes."
RULES = TextRules(lexicon=(("K8s", "Kubernetes"),), normalizes=True, language="en")


def spoken(*pieces: str, rules: TextRules | None = RULES) -> VirtualEngine:
    engine = VirtualEngine()
    engine.open(1, text_rules=rules, end=False)
    for piece in pieces:
        engine.append(1, piece)
    engine.end(1)
    engine.settle()
    return engine


def words(engine: VirtualEngine) -> list[Mark]:
    return [mark for mark in engine.marks(1) if mark.unit is MarkUnit.WORD]


def test_a_word_mark_names_what_the_client_wrote_once_for_all_that_is_said_of_it() -> None:
    # To this model a word is all that stands between blanks.
    marked = [TEXT[mark.start : mark.end].strip("*,!?.") for mark in words(spoken(TEXT))]
    assert marked == [
        *["Well", "it", "costs", "$3.50", "for", "5km", "or", "120", "K8s", "nodes"],
        *["Is", "5-fold", "enough", "Yes"],
    ]


def test_a_mark_stands_where_the_first_word_of_it_is_said() -> None:
    engine = spoken("costs $3.50 now", rules=RULES)
    said = "costs three dollars and fifty cents now"
    assert [mark.at for mark in words(engine)] == [
        said.index(word) * SAMPLES_PER_CHAR for word in ("costs", "three", "now")
    ]
    assert engine.samples(1) == len(said) * SAMPLES_PER_CHAR


def test_a_segment_mark_names_all_that_is_written_of_it() -> None:
    engine = spoken(TEXT)
    segments = [mark for mark in engine.marks(1) if mark.unit is MarkUnit.SEGMENT]
    verbatim = spoken(TEXT, rules=None).marks(1)
    assert [(mark.start, mark.end) for mark in segments] == [
        (mark.start, mark.end) for mark in verbatim if mark.unit is MarkUnit.SEGMENT
    ]


@settings(max_examples=30)
@given(st.lists(st.integers(0, len(TEXT)), max_size=20).map(sorted))
def test_word_by_word_is_said_as_at_once(cuts: list[int]) -> None:
    edges = [0, *cuts, len(TEXT)]
    pieces = [TEXT[start:end] for start, end in pairwise(edges)]
    live, whole = spoken(*pieces), spoken(TEXT)
    assert live.samples(1) == whole.samples(1)
    assert live.marks(1) == whole.marks(1)


@pytest.mark.parametrize("text", ["🙂", "🙂 " * 200, "***"])
def test_text_of_which_nothing_is_said_ends_without_a_sample(text: str) -> None:
    engine = spoken(text)
    assert engine.samples(1) == 0
    assert words(engine) == []
    assert len(engine.ends(1)) == 1


def test_without_rules_text_is_said_as_it_is_written() -> None:
    engine = spoken(TEXT, rules=None)
    written = sum(len(line) for line in TEXT.split("\n"))
    # The blank between two segments is nobody's.
    assert engine.samples(1) >= (written - 2) * SAMPLES_PER_CHAR
