"""A form has the fields that JSON would have."""

from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.codes import ErrorCode
from server.bodies.form import is_form, read_form
from server.errors import RequestError
from tests.helpers.forms import MEDIA_TYPE, Part, written

ENCODED = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("parts", "fields"),
    [
        ([("text", "Hi."), ("voices", b"RIFF")], {"text": "Hi.", "voices": b"RIFF"}),
        ([("tags", "a"), ("tags", "b"), ("tags", "c")], {"tags": ["a", "b", "c"]}),
        ([("tags[]", "a"), ("tags[]", "b")], {"tags": ["a", "b"]}),
        ([("tags[0]", "a")], {"tags": ["a"]}),
        ([("prosody[speed]", "1.5"), ("prosody[volume]", "2")],
         {"prosody": {"speed": "1.5", "volume": "2"}}),
        ([("references[0][audio]", b"x"), ("references[0][text]", "y"),
          ("references[1][audio]", b"z")],
         {"references": [{"audio": b"x", "text": "y"}, {"audio": b"z"}]}),
        # No list is as long as a number says.
        ([("tags[999999999999]", "a")], {"tags": ["a"]}),
    ],
)  # fmt: skip
def test_names_say_where_a_value_belongs(parts: list[Part], fields: dict[str, object]) -> None:
    assert read_form(written(parts), MEDIA_TYPE, 100) == fields


@given(st.dictionaries(st.text("abc_", min_size=1), st.text()))
def test_a_form_that_is_encoded_is_read(fields: dict[str, str]) -> None:
    assert read_form(urlencode(fields).encode(), ENCODED, 100) == fields


@pytest.mark.parametrize(
    "parts",
    [
        [("a", "1"), ("a[b]", "2")],
        [("a[b]", "1"), ("a", "2")],
        [("a[b][c][d]", "1")],
        [("[a]", "1")],
        [("a[", "1")],
        [("", "1")],
        [("a[b]c", "1")],
    ],
)
def test_names_that_make_no_sense_are_refused(parts: list[Part]) -> None:
    with pytest.raises(RequestError) as refused:
        read_form(written(parts), MEDIA_TYPE, 100)
    assert refused.value.code is ErrorCode.BAD_MESSAGE


@pytest.mark.parametrize("body", [b"\xff=1", b"a=%ff", b"&".join([b"a=1"] * 65)])
def test_what_is_not_encoded_as_a_form_is_refused(body: bytes) -> None:
    with pytest.raises(RequestError) as refused:
        read_form(body, ENCODED, 100)
    assert refused.value.code is ErrorCode.BAD_MESSAGE


def test_only_forms_are_forms() -> None:
    assert is_form("Multipart/Form-Data; boundary=x")
    assert is_form(ENCODED)
    assert not is_form("application/json")
    assert not is_form("")
