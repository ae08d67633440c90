import itertools
import math
import sys
from typing import Any

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol import messages as m
from protocol.codec import (
    MAX_DEPTH,
    MAX_ITEMS,
    MAX_MESSAGE_BYTES,
    MAX_TOTAL_ITEMS,
    decode_client,
    decode_server,
    encode,
)
from protocol.codes import ErrorCode
from protocol.errors import CloseCode, LocalProtocolError, RemoteProtocolError, StreamFault
from protocol.schema import CLIENT_SCHEMAS, SERVER_SCHEMAS
from tests.protocol.strategies import client_messages, server_messages

#: Anything msgpack can say, of any shape.
anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats()
    | st.text()
    | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
KEYS = sorted({f.key for s in (CLIENT_SCHEMAS | SERVER_SCHEMAS).values() for f in s.fields})
#: Maps that look like messages and are not.
near_messages = st.fixed_dictionaries(
    {"type": st.sampled_from([*CLIENT_SCHEMAS, *SERVER_SCHEMAS]) | anything},
    optional=dict.fromkeys(KEYS, anything),
)


def pack(**fields: object) -> bytes:
    data: bytes = msgpack.packb(fields)
    return data


def close_code(data: bytes) -> int:
    with pytest.raises(RemoteProtocolError) as caught:
        decode_client(data)
    assert caught.value.error == m.Error(ErrorCode.BAD_MESSAGE, str(caught.value), retryable=False)
    return caught.value.close_code


@given(client_messages)
def test_every_client_message_survives_the_wire(message: m.ClientMessage) -> None:
    assert decode_client(encode(message)) == message


@given(server_messages)
def test_every_server_message_survives_the_wire(message: m.ServerMessage) -> None:
    assert decode_server(encode(message)) == message


@given(client_messages | server_messages)
def test_type_is_first_and_nothing_is_nil(message: m.ClientMessage | m.ServerMessage) -> None:
    data = msgpack.unpackb(encode(message))
    assert next(iter(data)) == "type"
    assert None not in data.values()


@given(st.binary(max_size=200) | near_messages.map(msgpack.packb) | anything.map(msgpack.packb))
def test_bytes_of_any_kind_raise_protocol_errors_only(data: bytes) -> None:
    for decode in (decode_client, decode_server):
        try:
            decode(data)
        except (RemoteProtocolError, StreamFault) as error:
            encode(error.error)


@given(client_messages, st.data())
def test_flipped_bytes_raise_protocol_errors_only(
    message: m.ClientMessage, data: st.DataObject
) -> None:
    damaged = bytearray(encode(message))
    damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    try:
        decode_client(bytes(damaged))
    except (RemoteProtocolError, StreamFault) as error:
        encode(error.error)


def test_unknown_fields_are_ignored_and_an_optional_nil_is_left_out() -> None:
    data = pack(type="open", stream=1, voice=None, colour={"red": [1, 2]})
    assert decode_client(data) == m.Open(1)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xc1",
        b"\x80\x80",
        b"\x91" * 5000,
        b"\xd4\x05\x00",
        b"\xc7\x00\x05",
        msgpack.packb(msgpack.Timestamp(1)),
        b"\x81\xa1\xff\x01",
        b"\x81\xa3\xed\xa0\x80\x01",
        b"\x81\xc4\x01a\x01",
        b"\x81\x01\x02",
        b"\x82\xa1a\x01\xa1a\x02",
        b"\xdf\xff\xff\xff\xff",
        b"\xc6\xff\xff\xff\xff",
        msgpack.packb({"type": "bye", "x": {1: 2}}),
        msgpack.packb({"type": "bye", "x": [0] * (MAX_ITEMS + 1)}),
        msgpack.packb({"type": "bye"} | {str(i): i for i in range(MAX_ITEMS)}),
    ],
    ids=lambda data: data[:8].hex() or "empty",
)
def test_malformed_msgpack_closes_with_1007(data: bytes) -> None:
    assert close_code(data) == CloseCode.INVALID_DATA


def test_nesting_beyond_the_depth_closes_with_1007() -> None:
    def nested(levels: int) -> Any:  # noqa: ANN401, a list of lists of lists
        return [nested(levels - 1)] if levels else 0

    assert decode_client(pack(type="bye", x=nested(MAX_DEPTH - 1))) == m.Bye()
    assert close_code(pack(type="bye", x=nested(MAX_DEPTH))) == CloseCode.INVALID_DATA


def test_items_beyond_the_total_close_with_1007() -> None:
    def spread(num_items: int) -> list[list[int]]:
        # Each list is an item itself.
        full, rest = divmod(num_items, MAX_ITEMS)
        return [[0] * (MAX_ITEMS - 1)] * full + [[0] * (rest - 1)]

    # `type` and `x` are items too.
    assert decode_client(pack(type="bye", x=spread(MAX_TOTAL_ITEMS - 2))) == m.Bye()
    assert close_code(pack(type="bye", x=spread(MAX_TOTAL_ITEMS - 1))) == CloseCode.INVALID_DATA


@pytest.mark.parametrize("leaf", [{}, [], [0] * 15, {"a": 0}], ids=str)
def test_a_megabyte_of_small_things_is_refused_before_most_of_it_is_read(leaf: object) -> None:
    size = len(msgpack.packb(leaf))
    bomb = pack(type="bye", x=[[[leaf] * 250] * 250] * (16 // size or 1))
    assert len(bomb) > 900_000
    calls = itertools.count()
    sys.setprofile(lambda *_: next(calls))
    try:
        code = close_code(bomb)
    finally:
        sys.setprofile(None)
    assert code == CloseCode.INVALID_DATA
    assert next(calls) < 20 * MAX_TOTAL_ITEMS


def test_a_message_too_large_closes_with_1009() -> None:
    size = len(encode(m.Text(1, "a" * MAX_MESSAGE_BYTES))) - MAX_MESSAGE_BYTES
    largest = m.Text(1, "a" * (MAX_MESSAGE_BYTES - size))
    assert decode_client(encode(largest)) == largest
    assert close_code(encode(m.Text(1, largest.text + "a"))) == CloseCode.TOO_BIG


@pytest.mark.parametrize(
    "data",
    [
        pack(),
        pack(type=1),
        pack(type="shout"),
        pack(type="audio", stream=1, at=0, pcm=b"aa"),
        pack(type="end"),
        pack(type="end", stream=None),
        pack(type="end", stream=True),
        pack(type="end", stream=0),
        pack(type="end", stream=2**31),
        pack(type="end", stream="1"),
        pack(type="end", stream=1.0),
        pack(type="ping", id=1.5),
        msgpack.packb([1]),
    ],
    ids=lambda data: data.hex(),
)
def test_a_wrong_type_or_stream_closes_with_1002(data: bytes) -> None:
    assert close_code(data) == CloseCode.PROTOCOL_ERROR


@pytest.mark.parametrize(
    "fields",
    [
        {"voice": "../etc"},
        {"voice": ""},
        {"language": "english please"},
        {"speed": math.nan},
        {"speed": math.inf},
        {"speed": True},
        {"speed": 5},
        {"normalize": 1},
        {"lexicon": ["K8s"]},
        {"lexicon": {"": "x"}},
        {"lexicon": {"two words": "x"}},
        {"lexicon": {"K8s": None}},
        {"lexicon": {"K8s": "x" * 201}},
        {"lexicon": {"x" * 81: "x"}},
        {"credit": -1},
        {"credit": 2**31},
        {"credit": False},
        {"credit": 1.0},
        {"class": "urgent"},
        {"reference": {"audio": b"x"}},
        {"reference": {"audio": "x", "text": "x"}},
        {"reference": "x"},
    ],
    ids=str,
)
def test_a_bad_value_faults_its_stream_only(fields: dict[str, object]) -> None:
    with pytest.raises(StreamFault) as caught:
        decode_client(pack(type="open", stream=7, **fields))
    fault = caught.value
    assert (fault.stream, fault.code, fault.type_name) == (7, ErrorCode.BAD_VALUE, "open")
    assert fault.error.stream == 7
    assert fault.message.startswith(next(iter(fields)))


@pytest.mark.parametrize(
    "tag", ["en", "en-GB", "x-whine", "i-klingon", "de-Latn-DE-1996-r-extended-sequence-x-private"]
)
def test_a_language_may_have_any_shape_of_bcp_47(tag: str) -> None:
    assert decode_client(pack(type="open", stream=1, language=tag)) == m.Open(1, language=tag)


def test_an_integer_serves_as_a_float() -> None:
    message = decode_client(pack(type="open", stream=1, speed=2))
    assert isinstance(message, m.Open)
    assert isinstance(message.speed, float)


def test_an_error_code_of_a_newer_server_is_read_as_internal() -> None:
    data = pack(type="error", code="moonstruck", message="", retryable=True)
    assert decode_server(data) == m.Error(ErrorCode.INTERNAL, "", retryable=True)


@pytest.mark.parametrize(
    "message",
    [
        m.Text(1, "\ud800"),
        m.Text(0, "a"),
        m.Credit(1, -1),
        m.Open(1, speed=math.nan),
        m.Audio(1, 0, b""),
    ],
    ids=str,
)
def test_what_the_wire_forbids_is_not_encoded(message: m.ClientMessage) -> None:
    with pytest.raises(LocalProtocolError):
        encode(message)
