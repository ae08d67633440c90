"""The JSON of a note, read strictly."""

import json

import pytest

from protocol.codes import ErrorCode
from protocol.messages import Reference
from server.audio.formats import AudioFormat
from server.errors import RequestError
from server.notes.request import parse_note

MAX_CHARS = 100


def parsed(**fields: object) -> bytes:
    return json.dumps({"text": "Hello.", **fields}).encode()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"text"',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"text": "a"} {}',
        b'{"text": "a"',
        b'{"text": "a",}',
        b'{"text" "a"}',
        b'{text: "a"}',
        b'{1: "a"}',
        b'{"text": }',
        b'{"text": "\xff"}',
        '{"text": "a"}'.encode("utf-16"),
    ],
    ids=lambda body: repr(body[:12]),
)
def test_what_is_no_json_object_is_a_bad_message(body: bytes) -> None:
    with pytest.raises(RequestError) as refused:
        parse_note(body, MAX_CHARS)
    assert refused.value.code is ErrorCode.BAD_MESSAGE


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"text": None}, "text"),
        ({"text": 7}, "text"),
        ({"text": ""}, "text"),
        ({"text": " \n"}, "text"),
        ({"txet": "x"}, "txet"),
        ({"format": "aiff"}, "format"),
        ({"format": 1}, "format"),
        ({"sample_rate": "24000"}, "sample_rate"),
        ({"sample_rate": 24_000.5}, "sample_rate"),
        ({"sample_rate": True}, "sample_rate"),
        ({"speed": "fast"}, "speed"),
        ({"speed": True}, "speed"),
        ({"normalize": 1}, "normalize"),
        ({"lexicon": "a"}, "lexicon"),
        ({"lexicon": {"a": 1}}, "lexicon"),
        ({"lexicon": {"a": {"b": "c"}}}, "a"),
        ({"lexicon": {"two words": "x"}}, "lexicon"),
        ({"lexicon": {f"w{number}": "x" for number in range(257)}}, "256"),
        ({"voice": 5}, "voice"),
        ({"seed": 1.5}, "seed"),
        ({"speed": 10**400}, "speed"),
        ({"reference": "RIFF"}, "reference"),
        ({"reference": {"text": "a"}}, "reference"),
        ({"reference": {"audio": "?", "text": "a"}}, "audio"),
        ({"reference": {"audio": "YQ==", "text": 1}}, "text"),
    ],
)
def test_a_bad_field_is_named(fields: dict[str, object], name: str) -> None:
    with pytest.raises(RequestError, match=name) as refused:
        parse_note(parsed(**fields), MAX_CHARS)
    assert refused.value.code is ErrorCode.BAD_VALUE


def test_a_field_given_twice_is_said() -> None:
    with pytest.raises(RequestError, match="text is given twice") as refused:
        parse_note(b'{"text": "a", "text": "b"}', MAX_CHARS)
    assert refused.value.code is ErrorCode.BAD_MESSAGE


@pytest.mark.parametrize(
    ("body", "name"),
    [(b'{"0": 1, ', "'0'"), (b'{"text": [', "text"), (b'{"text": {', "text")],
)
def test_nothing_is_read_behind_what_is_not_wanted(body: bytes, name: str) -> None:
    with pytest.raises(RequestError, match=name) as refused:
        parse_note(body + b"?", MAX_CHARS)
    assert refused.value.code is ErrorCode.BAD_VALUE


def test_a_long_name_is_not_sent_back_whole() -> None:
    with pytest.raises(RequestError) as refused:
        parse_note(parsed(**{"x" * 10_000: 1}), MAX_CHARS)
    assert len(refused.value.message) < 100


def test_too_much_text_is_said_with_its_limit() -> None:
    with pytest.raises(RequestError, match="101 characters of 100") as refused:
        parse_note(parsed(text="x" * 101), MAX_CHARS)
    assert refused.value.code is ErrorCode.TEXT_TOO_LONG


def test_null_is_as_good_as_nothing() -> None:
    assert parse_note(parsed(speed=None, voice=None, format=None), MAX_CHARS) == parse_note(
        parsed(), MAX_CHARS
    )


def test_every_field_arrives() -> None:
    note = parse_note(
        parsed(
            format="opus",
            voice="de",
            language="de",
            sample_rate=16_000,
            speed=1.5,
            pitch=-2,
            volume_db=3.0,
            normalize=False,
            lexicon={"K8s": "Kubernetes", "C++": ""},
            seed=1,
            temperature=0.5,
            top_p=0.9,
            repetition_penalty=1.1,
            reference={"audio": "UklGRg==", "text": "Was gesagt wird."},
        ),
        MAX_CHARS,
    )
    assert note.format is AudioFormat.OPUS
    parameters, sampling = note.parameters, note.parameters.sampling
    assert (parameters.voice, parameters.language, parameters.sample_rate) == ("de", "de", 16_000)
    assert (parameters.speed, parameters.pitch, parameters.volume_db) == (1.5, -2.0, 3.0)
    assert parameters.normalize is False
    assert parameters.lexicon == {"K8s": "Kubernetes", "C++": ""}
    assert parameters.references == (Reference(b"RIFF", "Was gesagt wird."),)
    assert (sampling.seed, sampling.temperature) == (1, 0.5)
    assert (sampling.top_p, sampling.repetition_penalty) == (0.9, 1.1)
