"""The reader of objects against the one of the standard library."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.codes import ErrorCode
from server.bodies.json_object import Names, read_object
from server.errors import RequestError

WORDS = ("text", "speed", "ä", "")
NAMES = dict.fromkeys(WORDS)
STRINGS = st.text('a"\\/\n\0\x7fä€\N{GRINNING FACE}')
PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | STRINGS
SPACE = st.text(" \t\r\n", max_size=3)


@given(st.dictionaries(st.sampled_from(WORDS), PLAIN), st.booleans(), SPACE)
def test_what_is_written_is_read(fields: dict[str, object], escaped: bool, space: str) -> None:
    indent = space or None
    written = space + json.dumps(fields, ensure_ascii=escaped, indent=indent) + space
    assert read_object(written.encode(), NAMES) == fields


@given(st.text(alphabet='{}[]":,ax1 \\\n'))
def test_nothing_is_taken_that_the_standard_library_refuses(text: str) -> None:
    try:
        fields = read_object(text.encode(), {"a": None, "ax": {"x": None}, "x": None})
    except RequestError:
        return
    assert json.loads(text) == fields


@pytest.mark.parametrize("body", [b"{}", b" { } ", b"\xef\xbb\xbf{}"])
def test_an_object_may_be_empty(body: bytes) -> None:
    assert read_object(body, NAMES) == {}


def test_a_half_of_a_surrogate_pair_is_kept() -> None:
    assert read_object(rb'{"text": "\ud800"}', NAMES) == {"text": "\ud800"}


def test_an_integer_of_too_many_digits_is_no_json_of_ours() -> None:
    with pytest.raises(RequestError) as refused:
        read_object(b'{"speed": ' + b"9" * 5_000 + b"}", NAMES)
    assert refused.value.code is ErrorCode.BAD_MESSAGE


NESTED: Names = {"text": None, "reference": {"audio": None, "text": None}}


def test_an_object_within_is_read_where_one_is_wanted() -> None:
    body = b'{"reference" : {"audio": "YQ==", "text": null} , "text": "a"}'
    assert read_object(body, NESTED) == json.loads(body)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'{"text": {}}', ErrorCode.BAD_VALUE),
        (b'{"reference": []}', ErrorCode.BAD_VALUE),
        (b'{"reference": {"text": {}}}', ErrorCode.BAD_VALUE),
        (b'{"reference": {"txet": ?', ErrorCode.BAD_VALUE),
        (b'{"reference": {"text": "a", "text": "b"}}', ErrorCode.BAD_MESSAGE),
        (b'{"reference": {"text": "a"', ErrorCode.BAD_MESSAGE),
        (b'{"reference": {"text": "a"}', ErrorCode.BAD_MESSAGE),
        (b'{"reference": {"text": "a"}}}', ErrorCode.BAD_MESSAGE),
    ],
)
def test_an_object_within_is_read_as_strictly(body: bytes, code: ErrorCode) -> None:
    with pytest.raises(RequestError) as refused:
        read_object(body, NESTED)
    assert refused.value.code is code
