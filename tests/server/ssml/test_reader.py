"""SSML as parts: what each element means, and that nothing else comes of any document."""

import gc
import math
import xml.etree.ElementTree as ET
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.ssml.errors import SsmlError
from server.ssml.markup import MAX_DEPTH, MAX_ELEMENTS, MAX_VALUE_CHARS
from server.ssml.parts import Part, Prosody, SayAs
from server.ssml.reader import MAX_PAUSES_S, MAX_SAY_AS_CHARS, read_ssml
from server.ssml.values import MAX_BREAK_S

BILLION_LAUGHS = """<?xml version="1.0"?><!DOCTYPE speak [<!ENTITY a "haha">
<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><speak>&c;</speak>"""
EXTERNAL = '<!DOCTYPE speak [<!ENTITY x SYSTEM "file:///etc/passwd">]><speak>&x;</speak>'
EXTERNAL_DTD = '<!DOCTYPE speak SYSTEM "http://127.0.0.1/x.dtd"><speak>Hi.</speak>'


def parts(inside: str) -> tuple[Part, ...]:
    return read_ssml(f"<speak>{inside}</speak>").parts


def said(inside: str) -> list[tuple[str, float]]:
    """Return the plain text of every part, and the pause after it."""
    return [("".join(map(str, part.words)).strip(), part.pause_s) for part in parts(inside)]


def prosody(attributes: str, around: str = "") -> Prosody:
    inside = f"<prosody {attributes}>x</prosody>"
    (part,) = parts(f"<prosody {around}>{inside}</prosody>" if around else inside)
    return part.prosody


@pytest.mark.parametrize(
    ("inside", "expected"),
    [
        ("Hello.", [("Hello.", 0.0)]),
        ("a<break/>b", [("a", 0.5), ("b", 0.0)]),
        ("a<break time='1.5s'/>b", [("a", 1.5), ("b", 0.0)]),
        ("a<break time=' +250ms '/>", [("a", 0.25)]),
        ("a<break strength='x-strong'/>", [("a", 1.0)]),
        ("a<break strength='strong' time='2s'/>", [("a", 2.0)]),
        ("a <break strength='none'/>b", [("a b", 0.0)]),
        ("a<break time='0s'/>b", [("ab", 0.0)]),
        ("<break time='1s'/>a", [("", 1.0), ("a", 0.0)]),
        ("a<break time='1s'/> <break time='2s'/>", [("a", 3.0)]),
        ("<p><s>One.</s> <s>Two.</s></p>", [("One.", 0.0), ("Two.", 0.0)]),
        ("a <sub alias='World Wide Web'>WWW</sub>!", [("a World Wide Web!", 0.0)]),
        ("a<prosody rate='fast'>b</prosody>c", [("a", 0.0), ("b", 0.0), ("c", 0.0)]),
        ("<!-- no --><![CDATA[a < b]]> &amp; &#233;", [("a < b & é", 0.0)]),
        ("<prosody rate='slow'> </prosody>a", [("a", 0.0)]),
    ],
)
def test_what_is_spoken_and_how_long_is_the_silence_after_it(
    inside: str, expected: list[tuple[str, float]]
) -> None:
    assert said(inside) == expected


@pytest.mark.parametrize(
    ("attributes", "around", "expected"),
    [
        ("rate='80%'", "", Prosody(speed=0.8)),
        ("rate='x-fast'", "", Prosody(speed=2.0)),
        ("rate='+10%'", "", Prosody(speed=1.1)),
        # A plain percentage is of the note's own rate, a change of the rate around it.
        ("rate='80%'", "rate='50%'", Prosody(speed=0.8)),
        ("rate='-50%'", "rate='50%'", Prosody(speed=0.25)),
        ("pitch='+2st'", "", Prosody(pitch=2.0)),
        ("pitch='+100%'", "", Prosody(pitch=12.0)),
        ("pitch='-1.5st'", "pitch='high'", Prosody(pitch=0.5)),
        ("pitch='low'", "pitch='high'", Prosody(pitch=-2.0)),
        ("volume='-6dB'", "volume='+4.5dB'", Prosody(volume_db=-1.5)),
        ("volume='silent'", "", Prosody(volume_db=-math.inf)),
        ("volume='soft'", "rate='slow'", Prosody(speed=0.75, volume_db=-6.0)),
    ],
)
def test_prosody_is_the_note_s_own_or_relative_to_what_is_around(
    attributes: str, around: str, expected: Prosody
) -> None:
    actual = prosody(attributes, around)
    assert actual.speed == pytest.approx(expected.speed)
    assert actual.pitch == pytest.approx(expected.pitch)
    assert actual.volume_db == pytest.approx(expected.volume_db)


def test_what_is_said_as_something_waits_for_its_language() -> None:
    (part,) = parts("On <say-as interpret-as='date' format='dmy'> 3/4/2026 </say-as>.")
    assert part.words == ("On ", SayAs("3/4/2026", "date", "dmy", "line 1, column 11"), ".")


def test_the_language_is_that_of_the_root() -> None:
    assert read_ssml('<speak version="1.1" xml:lang="de-AT">Servus.</speak>').language == "de-AT"
    assert read_ssml("<speak>Hi.</speak>").language is None


@pytest.mark.parametrize(
    ("ssml", "problem"),
    [
        (BILLION_LAUGHS, "line 1, column [0-9]+: a DTD"),
        (EXTERNAL, "line 1, column [0-9]+: a DTD"),
        (EXTERNAL_DTD, "line 1, column [0-9]+: a DTD"),
        ("<speak>&haha;</speak>", "line 1, column 8: not XML: undefined entity"),
        ("<speak>&#0;</speak>", "line 1, column 8: not XML"),
        ("<speak>\ud800</speak>", "line 1, column 8: half of a surrogate"),
        ("<speak>\0</speak>", "line 1, column 8: not XML"),
        ("<speak>Hi.", "line 1, column 11: not XML"),
        ("<speak>a</speak><speak>b</speak>", "line 1, column 17: not XML"),
        ("<speak>\n <s a='1' a='2'>a</s></speak>", "line 2, column [0-9]+: not XML: duplicate"),
        ("Hello.", "line 1, column 1: not XML"),
        ("<p>a</p>", "line 1, column 1: the root must be <speak>, not <p>"),
        ("<speak role='x'>a</speak>", "<speak> cannot have role"),
        ("<speak>é<voice name='x'>a</voice></speak>", "line 1, column 9: <voice> is none of break"),
        ("<speak><p>\n  <speak>a</speak></p></speak>", "line 2, column 3: <speak> is none of"),
        ("<speak><p align='left'>a</p></speak>", "<p> cannot have align"),
        ("<speak>a<break>b</break></speak>", "line 1, column 9: <break> must be empty"),
        ("<speak>a<break time='1'/></speak>", "time of <break> must be a time"),
        ("<speak>a<break time='11s'/></speak>", f"at most {MAX_BREAK_S:g}s"),
        ("<speak>a<break strength='huge'/></speak>", "strength of <break> must be none, "),
        ("<speak><sub>a</sub></speak>", "<sub> needs alias"),
        (
            "<speak><sub alias='b'><s>a</s></sub></speak>",
            "column 23: <sub> has text alone, not <s>",
        ),
        ("<speak><say-as>1</say-as></speak>", "<say-as> needs interpret-as"),
        ("<speak><say-as interpret-as='date' detail='1'>1</say-as></speak>", "cannot have detail"),
        ("<speak><prosody rate='0.5.5'>a</prosody></speak>", "rate of <prosody> must be"),
        ("<speak><prosody pitch='200Hz'>a</prosody></speak>", "pitch of <prosody> must be"),
        ("<speak><prosody pitch='-100%'>a</prosody></speak>", "must leave more than nothing"),
        ("<speak><prosody volume='50'>a</prosody></speak>", "volume of <prosody> must be"),
        ("<speak><prosody contour='x'>a</prosody></speak>", "<prosody> cannot have contour"),
        ("<speak> <break time='1s'/> </speak>", "line 1, column 1: nothing to speak"),
        ("<speak/>", "nothing to speak"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(ssml: str, problem: str) -> None:
    with pytest.raises(SsmlError, match=problem):
        read_ssml(ssml)


@pytest.mark.parametrize(
    ("inside", "problem"),
    [
        ("<s>" * 10_000 + "a" + "</s>" * 10_000, f"more than {MAX_DEPTH} elements deep"),
        ("<s/>" * MAX_ELEMENTS + "a", f"more than {MAX_ELEMENTS} elements"),
        (f"<sub alias='{'x' * (MAX_VALUE_CHARS + 1)}'>a</sub>", "an attribute of <sub> is too"),
        (f"<s {'x' * 100_000}='1'>a</s>", "an attribute of <s> is too"),
        (f"<s {'x' * 400}='1'>a</s>", "<s> cannot have x{40}$"),
        (f"<{'x' * 100_000}>a</{'x' * 100_000}>", "<x{40}> is none of"),
        ("a" + "<break time='10s'/>" * 31, f"last more than {MAX_PAUSES_S:g}s"),
        (
            f"<say-as interpret-as='digits'>{'1' * (MAX_SAY_AS_CHARS + 1)}</say-as>",
            "<say-as> has more than",
        ),
    ],
    ids=[
        "depth",
        "elements",
        "attribute",
        "attribute's name",
        "unknown attribute",
        "name",
        "pauses",
        "say-as",
    ],
)
def test_every_bound_is_kept_and_said(inside: str, problem: str) -> None:
    with pytest.raises(SsmlError, match=problem) as refused:
        parts(inside)
    assert len(str(refused.value)) < 200


def test_nothing_is_read_behind_a_dtd_or_an_element_too_deep() -> None:
    for begin in ("<!DOCTYPE speak [", "<speak>" + "<s>" * MAX_DEPTH):
        # What is no XML comes later, and is not looked at.
        with pytest.raises(SsmlError, match=r"a DTD|elements deep"):
            read_ssml(begin + " <<<")


NAMES = st.sampled_from(["speak", "p", "s", "break", "say-as", "sub", "prosody", "voice", "x:y"])
ATTRIBUTES = st.dictionaries(
    st.sampled_from(["time", "strength", "rate", "pitch", "volume", "alias", "interpret-as", "x"]),
    st.sampled_from(
        ["1s", "-1ms", "9e9s", "+10%", "-100%", "+2st", "+6dB", "fast", "date", "", "٣s"]
    )
    | st.text(max_size=8),
    max_size=3,
)


@st.composite
def elements(draw: st.DrawFn, depth: int = 0) -> ET.Element:
    element = ET.Element("speak" if depth == 0 else draw(NAMES), draw(ATTRIBUTES) if depth else {})
    element.text = draw(st.text(max_size=5))
    for _ in range(draw(st.integers(0, 3 if depth < 3 else 0))):
        child = draw(elements(depth + 1))
        child.tail = draw(st.text(max_size=5))
        element.append(child)
    return element


def assert_parts_or_a_typed_error(ssml: str) -> None:
    try:
        document = read_ssml(ssml)
    except SsmlError:
        return
    assert any(part.words for part in document.parts)
    assert 0 <= sum(part.pause_s for part in document.parts) <= MAX_PAUSES_S
    for part in document.parts:
        assert not any(map(math.isnan, (part.prosody.speed, part.prosody.pitch)))
        assert math.isfinite(part.prosody.speed)
        assert math.isfinite(part.prosody.pitch)


@settings(max_examples=50)
@given(elements())
def test_any_tree_is_parts_or_a_typed_error(tree: ET.Element) -> None:
    assert_parts_or_a_typed_error(ET.tostring(tree, encoding="unicode"))


@settings(max_examples=150)
@given(
    st.text()
    | st.lists(
        st.sampled_from(
            ["<speak>", "</speak>", "<break", " time='1s'", "/>", "<!DOCTYPE", "&", ";"]
        )
        | st.text(max_size=3)
    ).map("".join)
)
def test_any_text_is_parts_or_a_typed_error(text: str) -> None:
    assert_parts_or_a_typed_error(text)


def test_neither_what_is_read_nor_what_is_refused_leaves_cycles_behind() -> None:
    # The collector of cycles does not work while anybody speaks.
    markups = ["<speak>a<s>b</s></speak>", "<speak><x/></speak>", BILLION_LAUGHS, "<speak>"]

    def read_all() -> None:
        for markup in markups:
            with suppress(SsmlError):
                read_ssml(markup)

    read_all()
    gc.collect()
    gc.disable()
    try:
        read_all()
        assert gc.collect() == 0
    finally:
        gc.enable()
