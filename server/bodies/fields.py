"""What a field of a body may hold: each reader returns the value, or raises what it must be."""

import base64
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from starlette.datastructures import Headers
from starlette.types import Scope

from protocol.codes import ErrorCode
from protocol.messages import Reference
from server.bodies.json_object import Names, read_object
from server.bodies.packed import read_map
from server.errors import RequestError

_T = TypeVar("_T")

#: The field `reference` has these.
REFERENCE: Names = {"audio": None, "text": None}
#: Of base64 that is decoded at once, in a millisecond in which no other thread runs. A multiple of
#: the four characters that stand for three bytes, and of which the last two may be padding.
_PIECE_CHARS = 1 << 18
_MOST_PADDING = 2
_MSGPACK = ("application/msgpack", "application/x-msgpack", "application/vnd.msgpack")


def read_fields(body: bytes | bytearray, media_type: str, names: Names) -> dict[str, Any]:
    """Return the fields of a body: msgpack where `media_type` says so, JSON otherwise.

    Raises:
        RequestError: see `read_object`.
    """
    return read_map(body, names) if is_packed(media_type) else read_object(body, names)


def is_packed(media_type: str) -> bool:
    """Tell whether a `Content-Type` says msgpack."""
    return media_type.partition(";")[0].strip().lower() in _MSGPACK


def media_type_of(scope: Scope) -> str:
    """Return the `Content-Type` of a request."""
    return Headers(scope=scope).get("content-type", "")


def field(fields: Mapping[str, Any], name: str, read: Callable[[Any], _T]) -> _T | None:
    """Return the field as `read` reads it; None if it is left out or null.

    Raises:
        RequestError: `bad_value`.
    """
    value = fields.get(name)
    if value is None:
        return None
    try:
        return read(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise RequestError(ErrorCode.BAD_VALUE, f"{name}: {error}") from error


def string(value: object) -> str:
    """Read a string."""
    if not isinstance(value, str):
        raise TypeError("must be a string")
    return value


def number(value: object) -> float:
    """Read a number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError("must be a number")
    return float(value)


def integer(value: object) -> int:
    """Read an integer."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError("must be an integer")
    return value


def boolean(value: object) -> bool:
    """Read true or false."""
    if not isinstance(value, bool):
        raise TypeError("must be true or false")
    return value


def reference(value: object) -> Reference:
    """Read a recording and what is said in it."""
    if not isinstance(value, dict):
        raise TypeError("must be an object with audio and text")
    audio, text = field(value, "audio", binary), field(value, "text", string)
    if audio is None or text is None:
        raise ValueError("must have audio and text")
    return Reference(audio, text)


def binary(value: object) -> bytes:
    """Read bytes, or a string of them in base64."""
    if isinstance(value, bytes):
        return value
    text = string(value)
    pieces = (text[at : at + _PIECE_CHARS] for at in range(0, len(text), _PIECE_CHARS))
    try:
        decoded = b"".join(base64.b64decode(piece, validate=True) for piece in pieces)
    except ValueError as error:
        raise ValueError("must be base64") from error
    # A piece may end with padding, which only the last one should.
    if text.find("=", 0, -_MOST_PADDING) >= 0:
        raise ValueError("must be base64")
    return decoded
