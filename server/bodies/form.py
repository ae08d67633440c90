"""Forms, as browsers, curl and clients of HTTP send them, read into the fields that JSON has.

A name may be that of a field within a field: `prosody[speed]`, `references[0][text]`. What is given
more than once, or numbered, is a list.
"""

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl

from protocol.codes import ErrorCode
from server.bodies.multipart import MAX_PARTS, read_parts
from server.errors import RequestError

_PARTS, _ENCODED = "multipart/form-data", "application/x-www-form-urlencoded"
_NAME = re.compile(r"[^\[\]]+(\[[^\[\]]*\])*")
_KEY = re.compile(r"[^\[\]]+")
#: A list of objects: its name, a number, and the name of a field.
_MAX_DEPTH = 3


def is_form(media_type: str) -> bool:
    """Tell whether a `Content-Type` says that the body is a form."""
    return _kind(media_type) in (_PARTS, _ENCODED)


def read_form(body: bytes | bytearray, media_type: str, max_file_bytes: int) -> dict[str, Any]:
    """Return the fields of a form: strings, the bytes of files, and lists and objects of them.

    Raises:
        RequestError: see `read_parts`; or `bad_message`, where names contradict each other.
    """
    if _kind(media_type) == _PARTS:
        return _nested(read_parts(body, media_type, max_file_bytes))
    return _nested(_decoded(body))


def _kind(media_type: str) -> str:
    return media_type.partition(";")[0].strip().lower()


def _decoded(body: bytes | bytearray) -> list[tuple[str, str]]:
    try:
        return parse_qsl(
            body.decode(), keep_blank_values=True, errors="strict", max_num_fields=MAX_PARTS
        )
    except ValueError as error:
        raise RequestError(ErrorCode.BAD_MESSAGE, "the body is no form") from error


def _nested(pairs: Iterable[tuple[str, str | bytes]]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for name, value in pairs:
        *path, last = _keys(name)
        node = fields
        for key in path:
            node = node.setdefault(key, {})
            if not isinstance(node, dict):
                raise _contradiction()
        _put(node, last, value)
    return {name: _with_lists(value) for name, value in fields.items()}


def _keys(name: str) -> list[str]:
    keys = _KEY.findall(name) if _NAME.fullmatch(name) else []
    if not 1 <= len(keys) <= _MAX_DEPTH:
        raise RequestError(ErrorCode.BAD_MESSAGE, "the name of a field of the form is none")
    return keys


def _put(node: dict[str, Any], key: str, value: str | bytes) -> None:
    match node.get(key):
        case None:
            node[key] = value
        case list() as values:
            values.append(value)
        case dict():
            raise _contradiction()
        case first:
            node[key] = [first, value]


def _with_lists(value: Any) -> Any:  # noqa: ANN401 whatever the form says
    if not isinstance(value, dict):
        return value
    inner = {key: _with_lists(each) for key, each in value.items()}
    return list(inner.values()) if all(key.isdigit() for key in inner) else inner


def _contradiction() -> RequestError:
    return RequestError(ErrorCode.BAD_MESSAGE, "a field of the form is both a value and an object")
