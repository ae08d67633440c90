"""The laws of rewriting, for texts rich in what is rewritten."""

import re
import subprocess
import sys
import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.text.alignment import Draft
from engine.text.rewriter import Rewriter
from engine.text.rules import TextRules
from engine.text.segment import Segment, SegmentRules
from engine.text.segmenter import Segmenter
from tests.engine.text.speaking import rewritten

PIECES = [
    *["K8s", "5", "km", "$3.50", "1,234", "26", "November", "2026", "14:30", "pm", "3.", "1st"],
    *["https://a.de/b", "a@b.com", "**", "*", "_", "`", "# ", "- ", "|", "[x](", ")", "[happy]"],
    *[
        "1. ",
        "bis ",
        "Mai",
        "14.30 Uhr",
        "Million",
        "M€",
        "000",
        "\u00a0",
        "\u2013",
        "(555) ",
        "m²",
    ],
    *["<https://a.de>", "<a@b.de>", "<", ">", "30 February", "+1 "],
    *["🙂", "👨\u200d👩\u200d👧", "1️⃣", "\ud83d", "\u0301", "€", "%", " ", "\n", "word", "(sad)"],
]
TEXTS = st.lists(st.sampled_from(PIECES) | st.characters(), max_size=30).map("".join)
LANGUAGES = st.sampled_from(["", "en", "en-GB", "de", "fr", "tlh"])
LEXICON = {"K8s": "Kubernetes", "word": "", "\u00e9": "e"}
LEXICON_ENTRIES = tuple(LEXICON.items())
#: Of a segment of any model.
LONGEST = 300


@settings(max_examples=150)
@given(TEXTS, LANGUAGES)
def test_the_alignment_covers_both_texts_in_order(text: str, language: str) -> None:
    segment = rewritten(text, language, LEXICON)
    if segment.alignment is None:
        assert segment.text == text
        return
    pieces = segment.alignment.pieces
    assert "".join(text[piece.start : piece.end] for piece in pieces) == text
    assert all(before.end == after.start for before, after in pairwise(pieces))
    assert "".join(piece.text for piece in pieces).strip() == segment.text.strip()


@settings(max_examples=150)
@given(TEXTS, LANGUAGES)
def test_what_is_not_rewritten_is_untouched_character_for_character(
    text: str, language: str
) -> None:
    alignment = rewritten(text, language, LEXICON).alignment
    for piece in alignment.pieces if alignment else ():
        assert not piece.is_open or piece.text == text[piece.start : piece.end]


@settings(max_examples=150)
@given(TEXTS, LANGUAGES)
def test_every_part_of_what_is_said_names_written_characters_in_order(
    text: str, language: str
) -> None:
    segment = rewritten(text, language, LEXICON)
    spans = [segment.written(at, at + 1) for at in range(len(segment.text))]
    assert all(0 <= start < end <= len(text) for start, end in spans)
    assert all(one == next_ or one[1] <= next_[0] for one, next_ in pairwise(spans))


@given(st.sampled_from(["K8s", "$3.50", "1,234", "5km", "1st", "a@b.com"]), st.data())
def test_a_replaced_word_names_its_own_characters(word: str, data: st.DataObject) -> None:
    before = data.draw(st.sampled_from(["", "So ", "🙂 and **then** ", "In 1999, "]))
    text = f"{before}{word}, that"
    segment = rewritten(text, "en", LEXICON)
    said = rewritten(word, "en", LEXICON).text
    start = segment.text.rindex(said)
    for at in range(start, start + len(said)):
        begin, end = segment.written(at, at + 1)
        assert text[begin:end] in (word, *word.split("1"), word[at - start : at - start + 1])
    assert segment.written(start, start + len(said)) == (len(before), len(before) + len(word))


def test_text_of_which_nothing_is_rewritten_stays_the_very_segment() -> None:
    segment = Segment("Nothing to see here.", 7, 27)
    rules = TextRules(lexicon=(("k8s", "Kubernetes"),), normalizes=True, language="en")
    for each in (rules, None):
        assert Rewriter(each, acts_markers=False).rewrite(segment) is segment


def test_who_asks_for_no_rules_loads_no_library_for_them() -> None:
    program = "import server.app, sys; print({'emoji', 'unicode_rbnf'} & set(sys.modules))"
    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "set()"


def test_what_is_said_is_at_most_a_few_times_longer_than_what_is_written() -> None:
    segment = rewritten("a " * 500, "", {"a": "x" * 200})
    assert 1_000 < len(segment.text) <= 4 * 1_000 + 200
    assert segment.text.endswith("a a ")


def test_what_a_rule_returns_for_a_match_is_never_seen_by_a_later_one() -> None:
    draft = Draft("ab")
    draft.substitute(re.compile("a"), lambda _: "b")
    draft.substitute(re.compile("b"), lambda _: "c")
    assert draft.result()[0] == "bc"


def test_a_rule_sees_what_is_written_before_a_match_though_it_is_replaced() -> None:
    draft = Draft("5%-3")
    draft.substitute(re.compile("5%"), lambda _: "five percent")
    draft.substitute(re.compile("(?<!%)-3"), lambda _: "minus three")
    assert draft.result()[0] == "five percent-3"


HOSTILE = {
    "digits": "7" * 100_000,
    "grouped": "1," * 50_000,
    "spaced": "1 " * 50_000,
    "stars": "*" * 100_000,
    "links": "[" * 50_000 + "](" * 25_000,
    "quotes": "> " * 50_000,
    "pipes": "| " * 50_000,
    "dots": "a." * 50_000,
    "mail": "a@" * 50_000,
    "pages": "https://" * 12_500,
    "surrogates": "\ud83d" * 100_000,
    "emojis": "🙂" * 100_000,
    "joiners": "👨\u200d" * 50_000,
    "blanks": " \t" * 50_000,
    "hyphens": "a-" * 50_000,
    "rounds": "1 " + "000 " * 25_000,
    "phones": "+1 (555) " * 12_500,
    "angles": "<a@" * 40_000,
    "days": "1. bis " * 15_000,
    "millions": "1 Million " * 10_000,
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_segment_of_hostile_text_takes_milliseconds(kind: str) -> None:
    for language in ("en", "de", "fr"):
        rules = TextRules(lexicon=LEXICON_ENTRIES, normalizes=True, language=language)
        rewriter = Rewriter(rules, acts_markers=False)
        segment = Segment(HOSTILE[kind][:LONGEST], 0, LONGEST)
        times_s = []
        for _ in range(3):
            began_s = time.thread_time()
            rewriter.rewrite(segment)
            times_s.append(time.thread_time() - began_s)
        assert min(times_s) < 0.02


@pytest.mark.slow
@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_text_costs_no_more_than_its_segments_do(kind: str) -> None:
    rules = TextRules(lexicon=LEXICON_ENTRIES, normalizes=True, language="en")
    rewriter = Rewriter(rules, acts_markers=False)
    segmenter = Segmenter(SegmentRules())
    segments = [*segmenter.feed(HOSTILE[kind]), *segmenter.flush()]
    began_s = time.thread_time()
    for segment in segments:
        rewriter.rewrite(segment)
    assert time.thread_time() - began_s < 0.005 * (1 + len(segments))
