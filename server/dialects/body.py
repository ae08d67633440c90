"""Bodies of clients that were made for other servers: what nobody knows here is passed over."""

import json
from collections.abc import Mapping
from typing import Any, TypeVar

import msgpack

from protocol.codes import ErrorCode
from server.bodies.fields import field, is_packed
from server.errors import RequestError

_K = TypeVar("_K", str, int)
_T = TypeVar("_T")

#: Fields of a map, and items of a list: several times what any of these clients sends.
_MAX_MAP, _MAX_ARRAY = 128, 64


def read_loosely(body: bytes | bytearray, media_type: str) -> dict[str, Any]:
    """Return the fields of a body: msgpack where `media_type` says so, JSON otherwise.

    Raises:
        RequestError: `bad_message`, where it is neither, or no object.
    """
    fields = _unpacked(body) if is_packed(media_type) else _parsed(body)
    if not isinstance(fields, dict):
        raise RequestError(ErrorCode.BAD_MESSAGE, "the body is not an object")
    return fields


def choice(fields: Mapping[str, Any], name: str, choices: Mapping[_K, _T], default: _K) -> _T:
    """Return what the field chooses, or what `default` does where it is left out or null.

    Raises:
        RequestError: `bad_value`.
    """

    def read(value: object) -> _T:
        if not isinstance(value, type(default)) or value not in choices:
            raise ValueError(f"must be one of {', '.join(map(str, choices))}")
        return choices[value]

    chosen = field(fields, name, read)
    return choices[default] if chosen is None else chosen


def _parsed(body: bytes | bytearray) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise RequestError(ErrorCode.BAD_MESSAGE, "the body is not JSON") from error


def _unpacked(body: bytes | bytearray) -> object:
    try:
        return msgpack.unpackb(body, max_map_len=_MAX_MAP, max_array_len=_MAX_ARRAY, max_ext_len=0)
    # What is malformed, cut short or beyond these limits; all but the last are ValueErrors.
    except (ValueError, msgpack.UnpackException) as error:
        raise RequestError(ErrorCode.BAD_MESSAGE, "the body is not msgpack") from error
