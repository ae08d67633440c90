"""A msgpack map as a body: audio is in it as it is, without base64."""

from typing import Any

import msgpack

from protocol.codes import ErrorCode
from server.bodies.json_object import MAX_NAMES, Names
from server.errors import RequestError


def read_map(body: bytes | bytearray, names: Names) -> dict[str, Any]:
    """Return the values of a map and of the maps in it, by name: see `read_object`.

    Raises:
        RequestError: `bad_message` (no map, or a key is given twice), `bad_value` (a field is not
            in `names`, or holds an array, or a map where there may be none).
    """
    try:
        fields = msgpack.unpackb(
            body,
            object_pairs_hook=_once_each,
            max_map_len=MAX_NAMES,
            max_array_len=0,
            max_ext_len=0,
        )
    # What is malformed, cut short or beyond these limits; all but the last are ValueErrors.
    except (ValueError, msgpack.UnpackException) as error:
        raise RequestError(ErrorCode.BAD_MESSAGE, "the body is not msgpack of ours") from error
    if not isinstance(fields, dict):
        raise RequestError(ErrorCode.BAD_MESSAGE, "the body is not a msgpack map")
    _check(fields, names)
    return fields


def _once_each(pairs: list[tuple[object, object]]) -> dict[object, object]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError("a key is given twice")
    return fields


def _check(fields: dict[Any, Any], names: Names) -> None:
    for name, value in fields.items():
        if name not in names:
            raise RequestError(ErrorCode.BAD_VALUE, "unknown field")
        inner = names[name]
        if isinstance(value, dict):
            if inner is None:
                raise RequestError(ErrorCode.BAD_VALUE, f"{name}: must not be a map")
            _check(value, inner)
