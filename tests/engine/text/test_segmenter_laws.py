"""The laws of cutting, for texts rich in what is hard to cut and for any way they arrive."""

from itertools import pairwise

from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine.text.segment import Segment, SegmentRules
from engine.text.segmenter import Segmenter
from engine.text.words import WordCounter, count_words

# Look-alikes of punctuation are the subject.
# ruff: noqa: RUF001
PIECES = [
    *["a", "I", "word", "Mr.", "etc.", "No.", "U.S.", "J.", "e.g.", "3.14", "1,234.5", "10:30"],
    *[
        "example.com",
        "a.b@c.de",
        "v1.2.3",
        "...",
        "3.",
        ".",
        ",",
        "!",
        "?",
        "…",
        ";",
        ":",
        "—",
        "–",
    ],
    *[" ", "  ", "\n", "\r\n", "\u00a0", "\u202f", "\u200b", "\u2060", "x" * 30, "👋"],
    *["(", ")", '"', "'", "“", "”", "«", "»", "「", "」", "。", "，", "।", "،", "؟"],
    *["你好", "世", "カー", "สวัสดี", "เ", "ครับ", "नमस्ते", "مرحبا", "한국어", "\u1112\u1161\u11ab"],
    *[
        "e\u0301",
        "\u0301",
        "👨\u200d👩\u200d👧",
        "👍🏽",
        "\u200d",
        "🇩🇪",
        "🇩",
        "\ud83d\ude00",
        "\ud83d",
    ],
]
TEXTS = st.lists(st.sampled_from(PIECES) | st.characters(), max_size=60).map("".join)
RULES = st.builds(
    SegmentRules,
    min_words=st.integers(0, 5),
    first_max_words=st.integers(1, 8),
    max_words=st.integers(1, 12),
    max_chars=st.sampled_from([1, 2, 7, 20, 120]),
)


def whole(rules: SegmentRules, text: str) -> list[Segment]:
    segmenter = Segmenter(rules)
    return segmenter.feed(text) + segmenter.flush()


def gaps_are_blank(text: str, segments: list[Segment]) -> bool:
    edges = [0, *(edge for s in segments for edge in (s.start, s.end)), len(text)]
    return edges == sorted(edges) and not any(
        text[start:end].strip() for start, end in zip(edges[::2], edges[1::2], strict=True)
    )


@settings(max_examples=400)
@given(RULES, TEXTS, st.data())
def test_segments_do_not_depend_on_how_the_text_was_cut(
    rules: SegmentRules, text: str, data: st.DataObject
) -> None:
    cuts = data.draw(st.lists(st.integers(0, len(text)), max_size=12).map(sorted))
    segmenter = Segmenter(rules)
    pieces = [text[start:end] for start, end in pairwise([0, *cuts, len(text)])]
    segments = [segment for piece in pieces for segment in segmenter.feed(piece)]
    assert segments + segmenter.flush() == whole(rules, text)


@settings(max_examples=200)
@given(RULES, TEXTS)
def test_a_segment_comes_with_the_code_point_that_decides_it(
    rules: SegmentRules, text: str
) -> None:
    by_one = Segmenter(rules)
    decided: list[Segment] = []
    for position, char in enumerate(text):
        decided += by_one.feed(char)
        assert decided == Segmenter(rules).feed(text[: position + 1])


@settings(max_examples=300)
@given(RULES, TEXTS)
def test_segments_cover_all_that_is_not_blank_once_and_in_order(
    rules: SegmentRules, text: str
) -> None:
    segments = whole(rules, text)
    assert gaps_are_blank(text, segments)
    assert all(s.text == text[s.start : s.end] == s.text.strip() != "" for s in segments)


@settings(max_examples=300)
@given(RULES, TEXTS)
def test_no_segment_exceeds_the_limits(rules: SegmentRules, text: str) -> None:
    segments = whole(rules, text)
    assert all(len(s.text) <= rules.max_chars for s in segments)
    assert all(count_words(s.text) <= rules.max_words for s in segments)
    assert all(count_words(s.text) <= rules.first_max_words for s in segments[:1])


@settings(max_examples=300)
@given(RULES, TEXTS)
@example(SegmentRules(max_chars=7), "x" * 20 + "\u200d(")
def test_no_cut_parts_what_is_drawn_as_one(rules: SegmentRules, text: str) -> None:
    counter = WordCounter()
    joined = []
    for char in text:
        counter.cost(char)
        joined.append(counter.joined)
    for segment in whole(rules, text):
        if joined[segment.start]:  # only where the cluster alone is longer than a segment may be
            first = max(at for at in range(segment.start) if not joined[at])
            assert segment.start - first >= rules.max_chars


@settings(max_examples=300)
@given(RULES, TEXTS, st.data())
def test_nothing_is_lost_whenever_text_is_flushed_or_time_runs_out(
    rules: SegmentRules, text: str, data: st.DataObject
) -> None:
    segmenter = Segmenter(rules)
    segments: list[Segment] = []
    for char in text:
        segments += segmenter.feed(char)
        match data.draw(st.integers(0, 9)):
            case 0:
                segments += segmenter.flush()
                assert not segmenter.pending
            case 1:
                segments += segmenter.expire()
    segments += segmenter.flush()
    assert gaps_are_blank(text, segments)
    assert all(s.text == text[s.start : s.end] == s.text.strip() != "" for s in segments)
    assert all(len(s.text) <= rules.max_chars for s in segments)


@given(RULES, TEXTS)
def test_text_is_pending_exactly_while_some_of_it_is_in_no_segment(
    rules: SegmentRules, text: str
) -> None:
    segmenter = Segmenter(rules)
    segments = segmenter.feed(text)
    spoken = segments[-1].end if segments else 0
    assert segmenter.pending == bool(text[spoken:].strip())
    assert bool(segmenter.flush()) == bool(text[spoken:].strip())
