"""Bodies of msgpack: what is written is read, and nothing else."""

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.codes import ErrorCode
from server.bodies.json_object import Names
from server.bodies.packed import read_map
from server.errors import RequestError

NAMES: Names = {"text": None, "reference": {"audio": None, "text": None}}
PLAIN = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text() | st.binary()


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "text": PLAIN,
            "reference": st.fixed_dictionaries({}, optional={"audio": PLAIN, "text": PLAIN}),
        },
    )
)
def test_what_is_written_is_read(fields: dict[str, object]) -> None:
    assert read_map(msgpack.packb(fields), NAMES) == fields


@given(st.binary(max_size=60))
def test_whatever_the_bytes_are_the_answer_is_fields_or_a_refusal(body: bytes) -> None:
    try:
        fields = read_map(body, NAMES)
    except RequestError:
        return
    assert set(fields) <= set(NAMES)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", ErrorCode.BAD_MESSAGE),
        (msgpack.packb([]), ErrorCode.BAD_MESSAGE),
        (msgpack.packb("text"), ErrorCode.BAD_MESSAGE),
        (msgpack.packb({"text": "a"})[:-1], ErrorCode.BAD_MESSAGE),
        (msgpack.packb({"text": "a"}) + b"\0", ErrorCode.BAD_MESSAGE),
        (b"\x82\xa4text\xa1a\xa4text\xa1b", ErrorCode.BAD_MESSAGE),
        (msgpack.packb({"text": ["a"]}), ErrorCode.BAD_MESSAGE),
        (msgpack.packb({"text": msgpack.ExtType(1, b"a")}), ErrorCode.BAD_MESSAGE),
        (b"\x81\xa4text" + b"\x81\xa1a" * 100_000, ErrorCode.BAD_MESSAGE),
        (b"\x81\xa4text\xa1\xff", ErrorCode.BAD_MESSAGE),
        (msgpack.packb({"txet": "a"}), ErrorCode.BAD_VALUE),
        (msgpack.packb({b"text": "a"}), ErrorCode.BAD_VALUE),
        (msgpack.packb({1: "a"}, strict_types=True), ErrorCode.BAD_MESSAGE),
        (msgpack.packb({"text": {}}), ErrorCode.BAD_VALUE),
        (msgpack.packb({"reference": {"rate": 1}}), ErrorCode.BAD_VALUE),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_what_is_not_wanted_has_its_code(body: bytes, code: ErrorCode) -> None:
    with pytest.raises(RequestError) as refused:
        read_map(body, NAMES)
    assert refused.value.code is code
