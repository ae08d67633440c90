"""Events of a live socket: msgpack maps, each in a binary message of its own."""

from collections.abc import Mapping
from typing import Any

import msgpack

from protocol.codes import ErrorCode
from server.dialects.body import read_loosely
from server.errors import RequestError

_PACKED = "application/msgpack"


def read_event(data: bytes | str) -> dict[str, Any]:
    """Return what a client says.

    Raises:
        RequestError: `bad_message`.
    """
    if isinstance(data, str):
        raise RequestError(ErrorCode.BAD_MESSAGE, "events are binary messages")
    return read_loosely(data, _PACKED)


def audio(message: Mapping[str, Any]) -> bytes:
    """Say audio, and what belongs to it."""
    return _packed({"event": "audio", **message})


def finish(reason: str) -> bytes:
    """Say that a session is over: `stop`, or `error`."""
    return _packed({"event": "finish", "reason": reason})


def log(message: str) -> bytes:
    """Say something to people; clients pass it over."""
    return _packed({"event": "log", "message": message})


def _packed(event: dict[str, object]) -> bytes:
    data: bytes = msgpack.packb(event)
    return data
