"""Bytes to messages and back: one msgpack map per message, with hard limits on all of it."""

from collections.abc import Mapping
from typing import NoReturn, TypeVar, cast

import msgpack

from .codes import ErrorCode
from .errors import CloseCode, LocalProtocolError, RemoteProtocolError, StreamFault
from .fields import stream_id
from .messages import ClientMessage, Limits, ServerMessage
from .schema import CLIENT_SCHEMAS, SERVER_SCHEMAS, TYPE_NAMES, BadField, Schema

MAX_MESSAGE_BYTES = Limits().max_message_bytes
#: A message has two levels; the rest is room for fields to come.
MAX_DEPTH = 8
#: A lexicon may have as many; `open` has eighteen keys, and no message an array.
MAX_ITEMS = 256
#: Of all maps and arrays together. Every item costs the reader time, and without this a message of
#: many small ones costs it half a second.
MAX_TOTAL_ITEMS = 1024

_Key = TypeVar("_Key")


class _Budget:
    """The items that the rest of a message may have: it is refused while it is read."""

    def __init__(self) -> None:
        self._left = MAX_TOTAL_ITEMS

    def take_list(self, items: list[object]) -> list[object]:
        self._take(len(items))
        return items

    def take_map(self, pairs: list[tuple[_Key, object]]) -> dict[_Key, object]:
        self._take(len(pairs))
        # A key given twice means two things: whoever reads the first and whoever reads the last
        # would disagree.
        data = dict(pairs)
        if len(data) != len(pairs) or not all(isinstance(key, str) for key in data):
            raise ValueError("keys are strings, each given once")
        return data

    def _take(self, num_items: int) -> None:
        self._left -= num_items
        if self._left < 0:
            raise ValueError("too many items")


def encode(message: ClientMessage | ServerMessage) -> bytes:
    """Return the bytes of `message`.

    Raises:
        LocalProtocolError: a field holds what the wire does not allow.
    """
    name = TYPE_NAMES[type(message)]
    schema = CLIENT_SCHEMAS.get(name) or SERVER_SCHEMAS[name]
    try:
        return cast("bytes", msgpack.packb({"type": name} | schema.write(message)))
    except (ValueError, TypeError) as error:  # a lone surrogate is a ValueError
        raise LocalProtocolError(f"{name}: {error}") from error


def decode_client(data: bytes, max_bytes: int = MAX_MESSAGE_BYTES) -> ClientMessage:
    """Return the message that a client sent.

    Raises:
        RemoteProtocolError: the connection cannot go on.
        StreamFault: the message has a type and a stream, and a field that is wrong.
    """
    values = _unpack(data, max_bytes)
    name, schema = _schema_of(values, CLIENT_SCHEMAS)
    if schema.has_stream:
        _check_stream(values, name)
    try:
        return cast("ClientMessage", schema.read(values))
    except BadField as error:
        if schema.has_stream:
            stream = stream_id(values["stream"])
            raise StreamFault(stream, ErrorCode.BAD_VALUE, str(error), name) from None
        _refuse(f"{name}: {error}")


def decode_server(data: bytes) -> ServerMessage:
    """Return the message that a server sent, of `MAX_MESSAGE_BYTES` at most.

    Raises:
        RemoteProtocolError: it is not one; a client has no milder answer for its server.
    """
    values = _unpack(data, MAX_MESSAGE_BYTES)
    name, schema = _schema_of(values, SERVER_SCHEMAS)
    try:
        return cast("ServerMessage", schema.read(values))
    except BadField as error:
        _refuse(f"{name}: {error}")


def _unpack(data: bytes, max_bytes: int) -> Mapping[str, object]:
    if len(data) > max_bytes:
        message = f"a message has at most {max_bytes} bytes"
        raise RemoteProtocolError(ErrorCode.BAD_MESSAGE, message, CloseCode.TOO_BIG)
    budget = _Budget()
    try:
        values = msgpack.unpackb(
            data,
            object_pairs_hook=budget.take_map,
            list_hook=budget.take_list,
            max_array_len=MAX_ITEMS,
            max_map_len=MAX_ITEMS,
            max_str_len=max_bytes,
            max_bin_len=max_bytes,
            max_ext_len=0,
            ext_hook=_refuse_extension,
        )
        _check_depth(values, MAX_DEPTH)
    # Invalid UTF-8, too deep, too long, cut short and trailing bytes are all ValueErrors.
    except (ValueError, msgpack.UnpackException) as error:
        message = f"malformed msgpack: {type(error).__name__}"
        raise RemoteProtocolError(ErrorCode.BAD_MESSAGE, message, CloseCode.INVALID_DATA) from error
    if not isinstance(values, dict):
        _refuse("a message is a map")
    return values


def _schema_of(values: Mapping[str, object], schemas: Mapping[str, Schema]) -> tuple[str, Schema]:
    name = values.get("type")
    if not isinstance(name, str):
        _refuse("type must be a string")
    if name not in schemas:
        _refuse("unknown type")
    return name, schemas[name]


def _check_stream(values: Mapping[str, object], name: str) -> None:
    try:
        stream_id(values.get("stream"))
    except ValueError as error:
        _refuse(f"{name}: stream {error}")


def _refuse(message: str) -> NoReturn:
    raise RemoteProtocolError(ErrorCode.BAD_MESSAGE, message, CloseCode.PROTOCOL_ERROR)


def _refuse_extension(code: int, data: bytes) -> NoReturn:
    raise ValueError(f"extension type {code} of {len(data)} bytes")


def _check_depth(value: object, levels: int) -> None:
    if not isinstance(value, dict | list):
        return
    if not levels:
        raise ValueError("nested too deeply")
    for item in value.values() if isinstance(value, dict) else value:
        _check_depth(item, levels - 1)
