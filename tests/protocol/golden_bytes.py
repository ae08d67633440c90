"""Golden bytes that our encoder would not write: what is refused, and other forms of what is not.

They are put together by hand, after the tables of the msgpack specification.
"""

import struct
from dataclasses import dataclass

import msgpack

from protocol import messages as m
from protocol.codes import ErrorCode
from protocol.errors import CloseCode


@dataclass(frozen=True)
class Refused:
    """Bytes that a client sends, and what they cost: its connection, or the stream alone."""

    data: bytes
    #: Of the connection, which closes with it, or `None` where only stream 7 ends.
    close_code: CloseCode | None
    code: ErrorCode = ErrorCode.BAD_MESSAGE


def _malformed(data: bytes) -> Refused:
    return Refused(data, CloseCode.INVALID_DATA)


def _wrong(value: object) -> Refused:
    return Refused(msgpack.packb(value), CloseCode.PROTOCOL_ERROR)


def _bad_value(type_name: str, **fields: object) -> Refused:
    data = msgpack.packb({"type": type_name, "stream": 7, **fields})
    return Refused(data, None, ErrorCode.BAD_VALUE)


REFUSED = {
    "nothing": _malformed(b""),
    "a byte that begins nothing": _malformed(b"\xc1"),
    "a map cut short": _malformed(b"\x82\xa4type\xa3bye"),
    "a byte too many": _malformed(b"\x81\xa4type\xa3bye\x00"),
    "a key given twice": _malformed(b"\x82\xa4type\xa3bye\xa4type\xa3bye"),
    "a key that is an integer": _malformed(b"\x82\xa4type\xa3bye\x01\x01"),
    "a key that is binary": _malformed(b"\x82\xa4type\xa3bye\xc4\x01a\x01"),
    "a string that is not UTF-8": _malformed(b"\x82\xa4type\xa3bye\xa1x\xa1\xff"),
    "a surrogate": _malformed(b"\x82\xa4type\xa3bye\xa1x\xa3\xed\xa0\x80"),
    "an extension type": _malformed(b"\x82\xa4type\xa3bye\xa1x\xd6\xff\x00\x00\x00\x01"),
    "nine levels": _malformed(b"\x82\xa4type\xa3bye\xa1x" + b"\x91" * 8 + b"\x00"),
    "an array of 257": _malformed(b"\x82\xa4type\xa3bye\xa1x\xdc\x01\x01" + bytes(257)),
    # `type`, `x`, four arrays, and what they hold: 254 and thrice 255.
    "1,025 items in all": _malformed(
        b"\x82\xa4type\xa3bye\xa1x\x94"
        + (b"\xdc\x00\xfe" + bytes(254))
        + (b"\xdc\x00\xff" + bytes(255)) * 3
    ),
    "an array": _wrong(["bye"]),
    "no type": _wrong({"stream": 1}),
    "a type that is an integer": _wrong({"type": 1}),
    "an unknown type": _wrong({"type": "shout"}),
    "a type of the server": _wrong({"type": "blocked", "stream": 1, "at": 0}),
    "no stream": _wrong({"type": "end"}),
    "a stream of nil": _wrong({"type": "end", "stream": None}),
    "stream 0": _wrong({"type": "end", "stream": 0}),
    "a stream of 32 bits": _wrong({"type": "end", "stream": 2**31}),
    "a stream that is a float": _wrong({"type": "end", "stream": 1.0}),
    "a stream that is true": _wrong({"type": "end", "stream": True}),
    "a ping with a negative id": _wrong({"type": "ping", "id": -1}),
    "a ping with a long id": _wrong({"type": "ping", "id": "x" * 129}),
    "not a number": _bad_value("open", speed=float("nan")),
    "too fast": _bad_value("open", speed=4.5),
    "a speed that is true": _bad_value("open", speed=True),
    "a voice that is a path": _bad_value("open", voice="../voice"),
    "a language in words": _bad_value("open", language="British English"),
    "a seed of 54 bits": _bad_value("open", seed=2**53),
    "an encoding of its own": _bad_value("open", encoding="opus"),
    "a class of its own": _bad_value("open", **{"class": "urgent"}),
    "a reference without its text": _bad_value("open", reference={"audio": b"RIFF"}),
    "a reference that is a string": _bad_value("open", reference="RIFF"),
    "text that is binary": _bad_value("text", text=b"Hello."),
    "no text": _bad_value("text"),
    "a grant of 32 bits": _bad_value("credit", upto=2**31),
    "a grant that is a float": _bad_value("credit", upto=48_000.0),
}

#: Other bytes for a message.
ENCODINGS: dict[str, tuple[bytes, m.ClientMessage | m.ServerMessage]] = {
    "a float of 32 bits": (
        b"\x83\xa4type\xa4open\xa6stream\x01\xa5speed\xca" + struct.pack(">f", 1.5),
        m.Open(1, speed=1.5),
    ),
    "an integer for a float": (
        b"\x83\xa4type\xa4open\xa6stream\x01\xa5speed\x02",
        m.Open(1, speed=2.0),
    ),
    "an unsigned integer of 64 bits": (
        b"\x82\xa4type\xa3end\xa6stream\xcf" + bytes(7) + b"\x01",
        m.End(1),
    ),
    "a signed integer of 16 bits": (b"\x82\xa4type\xa3end\xa6stream\xd1\x00\x01", m.End(1)),
    "a map of 16 bits, strings of 8": (
        b"\xde\x00\x02\xd9\x04type\xd9\x03end\xd9\x06stream\x01",
        m.End(1),
    ),
    "type last, a nil, and fields to come": (
        b"\x84\xa6colour\x91\xc0\xa2id\xc0\xa6stream\x01\xa4type\xa5flush",
        m.Flush(1),
    ),
    "a map and binary data of 32 bits": (
        b"\xdf\x00\x00\x00\x04\xa4type\xa5audio\xa6stream\x01\xa2at\x00\xa3pcm\xc6\x00\x00\x00\x02ab",
        m.Audio(1, 0, b"ab"),
    ),
    "an error code to come": (
        msgpack.packb({"type": "error", "code": "moonstruck", "message": "", "retryable": True}),
        m.Error(ErrorCode.INTERNAL, "", retryable=True),
    ),
}
