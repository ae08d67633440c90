"""Markers of emotion: acted out by a model that can, and read out by none."""

import pytest

from engine.text.rewriter import Rewriter
from engine.text.rules import TextRules
from engine.text.segment import Segment

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
