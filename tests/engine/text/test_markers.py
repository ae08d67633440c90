"""Markers of emotion: acted out by a model that can, and read out by none."""

import pytest

from engine.text.rewriter import Rewriter
from engine.text.rules import TextRules
from engine.text.segment import Segment, SegmentRules
from engine.text.segmenter import Segmenter

RULES = TextRules(
    lexicon=(("excited", "keen"), ("tone", "sound"), ("K8s", "Kubernetes")),
    normalizes=True,
    language="en",
)


def said(text: str, rules: TextRules | None, *, acts_markers: bool) -> str:
    rewriter = Rewriter(rules, acts_markers=acts_markers)
    return rewriter.rewrite(Segment(text, 0, len(text))).text


@pytest.mark.parametrize("rules", [RULES, None])
@pytest.mark.parametrize(
    "text",
    [
        "(excited) Well!",
        "Oh (in a hurry tone) no.",
        "[happy] Yes. [very softly]",
        "(audience laughing)",
    ],
)
def test_a_model_that_acts_markers_out_is_given_them_as_they_are(
    text: str, rules: TextRules | None
) -> None:
    assert said(text, rules, acts_markers=True) == text


@pytest.mark.parametrize("rules", [RULES, None])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(excited) Well!", "Well!"),
        ("Oh (in a hurry tone) no.", "Oh no."),
        ("[happy] Yes (sad)!", "Yes!"),
        ("(audience laughing)", ""),
        ("(sad)(excited) Well.", "Well."),
    ],
)
def test_a_model_that_cannot_does_not_read_them_out(
    text: str, expected: str, rules: TextRules | None
) -> None:
    assert said(text, rules, acts_markers=False) == expected


@pytest.mark.parametrize(
    "text",
    ["That (they) had.", "As [sic] said.", "f(moved) fails.", "(sad]", "(Excited)", "(so sad)"],
)
def test_what_is_no_marker_by_name_is_said(text: str) -> None:
    assert said(text, None, acts_markers=False) == text


@pytest.mark.parametrize("before", [0, 2, 5, 6, 7, 8, 11])
@pytest.mark.parametrize("marker", ["(in a hurry tone)", "(background laughter)", "[soft tone]"])
def test_no_marker_is_cut_in_two_however_long_the_text_before_it_is(
    marker: str, before: int
) -> None:
    begin = len("word " * before)
    text = "word " * before + marker + " and so on, and on and on until nobody listens."
    for waits_at in (None, *range(begin, begin + len(marker) + 2)):
        segmenter = Segmenter(SegmentRules())
        segments = segmenter.feed(text[:waits_at])
        if waits_at is not None:
            segments += [*segmenter.expire(), *segmenter.feed(text[waits_at:])]
        assert sum(marker in segment.text for segment in segments + segmenter.flush()) == 1
