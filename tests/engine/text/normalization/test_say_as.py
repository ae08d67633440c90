"""Text that is marked as what it is: a table of cases, and what is refused."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import Unsupported
from engine.text.normalization.say_as import KINDS, say_as


@pytest.mark.parametrize(
    ("text", "kind", "tag", "said"),
    [
        ("1,234", "cardinal", "en", "one thousand two hundred thirty-four"),
        ("-3.05", "cardinal", "en", "minus three point zero five"),
        ("007", "cardinal", "en", "seven"),
        ("0.5", "cardinal", "en", "zero point five"),
        ("1.234", "cardinal", "de", "eintausendzweihundertvierunddreißig"),
        ("80", "cardinal", "fr", "quatre-vingts"),
        ("22", "ordinal", "en", "twenty-second"),
        ("3rd", "ordinal", "en", "third"),
        ("3.", "ordinal", "de", "dritte"),
        ("1er", "ordinal", "fr", "premier"),
        ("K8s", "characters", "en", "K eight S"),
        ("a-b.c", "spell-out", "de", "A Bindestrich B Punkt C"),
        ("ß é", "characters", "de", "ß É"),
        ("12 34-5", "digits", "fr", "un deux trois quatre cinq"),
        ("+49 (30) 12", "telephone", "de", "plus vier neun, drei null, eins zwei"),
        ("3/4/2026", "date", "en", "March fourth, twenty twenty-six"),
        ("3/4/2026", "date", "en-GB", "April third, twenty twenty-six"),
        ("3.4.2026", "date", "de", "dritter April zweitausendsechsundzwanzig"),
        ("26 novembre", "date", "fr", "vingt-six novembre"),
        ("2:30pm", "time", "en-US", "two thirty p.m."),
        ("14:30", "time", "de", "vierzehn Uhr dreißig"),
        ("14 Uhr", "time", "de", "vierzehn Uhr"),
        ("14.30 Uhr", "time", "de", "vierzehn Uhr dreißig"),
        ("14 Uhr 30", "time", "de", "vierzehn Uhr dreißig"),
        ("14h", "time", "fr", "quatorze heures"),
        ("$3.50", "currency", "en", "three dollars and fifty cents"),
        ("EUR 3", "currency", "de", "drei Euro"),
        ("30 s", "unit", "en", "thirty seconds"),
        ("30s", "unit", "en", "thirty seconds"),
        ("1 m²", "unit", "de", "ein Quadratmeter"),
        ("5 km", "unit", "fr", "cinq kilomètres"),
    ],
)
def test_what_is_marked_is_said_as_that(text: str, kind: str, tag: str, said: str) -> None:
    assert say_as(text, kind, None, tag) == said


@pytest.mark.parametrize(
    ("text", "date_format"),
    [("2026-3-4", "ymd"), ("3/4/2026", "mdy"), ("03.04.2026", "mdy"), ("4 3 2026", "dmy")],
)
def test_a_date_may_say_in_which_order_it_is(text: str, date_format: str) -> None:
    assert say_as(text, "date", date_format, "en-GB") == "March fourth, twenty twenty-six"


@pytest.mark.parametrize(
    ("text", "kind", "date_format"),
    [
        *(
            (text, kind, None)
            for kind in KINDS
            for text in ("", "-", "\u0663", "soon?")
            if ((kind not in ("characters", "spell-out")) or not text)
        ),
        ("5 km", "currency", None),
        ("$5", "unit", None),
        ("14:30", "date", None),
        ("31/31/2026", "date", None),
        ("3/4/26", "date", "mdy"),
        ("3/2026", "date", "mdy"),
        ("2026-13-40", "date", "ymd"),
        ("1234567890", "ordinal", None),
        ("5", "fraction", None),
        ("5", "cardinal", "mdy"),
        ("3/4/2026", "date", "md"),
    ],
)
def test_what_is_none_of_it_is_refused(text: str, kind: str, date_format: str | None) -> None:
    with pytest.raises(ValueError, match=r"must be|has a format|finds no"):
        say_as(text, kind, date_format, "en")


@pytest.mark.parametrize(
    ("text", "date_format", "tag"),
    [
        ("2026-02-30", None, "en"),
        ("30 February", None, "en"),
        ("April 31", None, "en"),
        ("30.02.2026", None, "de"),
        ("vom 1. bis 31. April", None, "de"),
        ("30 février", None, "fr"),
        ("30/02/2026", "dmy", "fr"),
        ("29.2.2023", "dmy", "de"),
    ],
)
def test_a_day_that_no_month_has_is_no_date(text: str, date_format: str | None, tag: str) -> None:
    with pytest.raises(ValueError, match="finds no date"):
        say_as(text, "date", date_format, tag)


@settings(max_examples=150)
@given(
    st.text("0123456789+-.,:/()hpm $€k\u0663é", max_size=20) | st.text(max_size=20),
    st.sampled_from(KINDS),
    st.sampled_from([None, "ymd", "mdy", "dmy"]),
    st.sampled_from(["en", "en-GB", "de", "fr"]),
)
def test_any_text_is_said_or_refused(
    text: str, kind: str, date_format: str | None, tag: str
) -> None:
    try:
        assert say_as(text, kind, date_format, tag).strip()
    except ValueError:
        return


@pytest.mark.parametrize("tag", ["pl", "", "x-private"])
def test_a_language_without_rules_is_unsupported(tag: str) -> None:
    with pytest.raises(Unsupported, match="nothing is known"):
        say_as("5", "cardinal", None, tag)
