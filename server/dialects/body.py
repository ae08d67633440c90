"""Bodies of clients that were made for other servers: what nobody knows here is passed over."""

import json
from collections.abc import Mapping
from typing import Any, TypeVar

import msgpack

from protocol.codes import ErrorCode
from server.bodies.fields import boolean, field, integer, is_packed, number
from server.bodies.form import is_form, read_form
from server.errors import RequestError
from server.voices.recording import MAX_AUDIO_BYTES

_K = TypeVar("_K", str, int)
_T = TypeVar("_T")

#: Fields of a map, and items of a list: several times what any of these clients sends.
_MAX_MAP, _MAX_ARRAY = 128, 64
_BOOLEANS = {"true": True, "false": False}


def read_loosely(body: bytes | bytearray, media_type: str) -> dict[str, Any]:
    """Return the fields of a body: msgpack or a form where `media_type` says so, JSON otherwise.

    Raises:
        RequestError: `bad_message`, where it is none of them, or no object.
    """
    if is_form(media_type):
        return read_form(body, media_type, MAX_AUDIO_BYTES)
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


def number_or_digits(value: object) -> float:
    """Read a number, or a string that spells one: a form has nothing else."""
    try:
        return float(value) if isinstance(value, str) else number(value)
    except ValueError:
        raise ValueError("must be a number") from None


def integer_or_digits(value: object) -> int:
    """Read an integer, or a string that spells one."""
    try:
        return int(value) if isinstance(value, str) else integer(value)
    except ValueError:
        raise ValueError("must be an integer") from None


def boolean_or_word(value: object) -> bool:
    """Read true or false, or a string that says so."""
    if isinstance(value, str):
        if value not in _BOOLEANS:
            raise ValueError("must be true or false")
        return _BOOLEANS[value]
    return boolean(value)


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
