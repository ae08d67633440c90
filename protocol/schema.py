"""Which fields each message has on the wire, and what they may hold."""

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any

from . import messages as m
from .codes import ErrorCode
from .encodings import BYTES_PER_SAMPLE
from .fields import (
    MAX_SEED,
    PITCH_RANGE,
    REPETITION_PENALTY_RANGE,
    SPEED_RANGE,
    TEMPERATURE_RANGE,
    TOP_P_RANGE,
    VOLUME_DB_RANGE,
    Reader,
    binary,
    boolean,
    count,
    hertz,
    integer,
    language_tag,
    lexicon,
    message_id,
    number,
    one_of,
    pcm,
    seconds,
    stream_id,
    string,
    voice_id,
)


class BadField(ValueError):
    """A field is missing, mistyped or out of range; `key` is its name on the wire."""

    def __init__(self, key: str, message: str) -> None:
        """Name the field and say what it must be."""
        super().__init__(f"{key} {message}")
        self.key = key


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its key on the wire, its attribute in Python, and its reader."""

    key: str
    attribute: str
    read: Reader
    required: bool
    default: object
    #: Of a map inside a message.
    nested: "Schema | None"

    def check(self, value: object) -> object:
        """Return what `value` of the wire is in Python.

        Raises:
            BadField: it may not be that.
        """
        try:
            return self.read(value)
        except ValueError as error:
            raise BadField(self.key, str(error)) from None


@dataclass(frozen=True, slots=True)
class Schema:
    """One kind of map: the class that stands for it, and its fields in wire order."""

    cls: type[Any]
    fields: tuple[Field, ...]

    @property
    def has_stream(self) -> bool:
        """Tell whether every such message belongs to a stream."""
        return bool(self.fields) and self.fields[0].key == "stream"

    def read(self, data: Mapping[str, object]) -> Any:  # noqa: ANN401, the class is data
        """Make an instance of `cls`. Unknown keys are ignored, an optional nil is left out.

        Raises:
            BadField: the first field that is missing or holds what it may not.
        """
        values: dict[str, object] = {}
        for field in self.fields:
            value = data.get(field.key)
            if value is None:
                if field.required:
                    raise BadField(field.key, "is missing")
                values[field.attribute] = field.default
                continue
            values[field.attribute] = field.check(value)
        return self.cls(**values)

    def write(self, value: object) -> dict[str, object]:
        """Return the map of an instance of `cls`, without the fields that are `None`.

        Raises:
            BadField: the first field that is missing or holds what it may not.
        """
        data: dict[str, object] = {}
        for field in self.fields:
            item = getattr(value, field.attribute)
            if item is None:
                if field.required:
                    raise BadField(field.key, "is missing")
                continue
            if field.nested is not None:
                item = field.nested.write(item)
            data[field.key] = item
            field.check(item)
        return data


def _schema(cls: type[Any], **readers: "Reader | Schema") -> Schema:
    made = []
    for field in fields(cls):
        # `class` is a keyword of Python, so the attribute has a longer name.
        key = "class" if field.name == "service_class" else field.name
        optional = field.default is not MISSING
        required = not optional and (cls, field.name) not in _MAY_BE_NONE
        default = field.default if optional else None
        reader = readers[field.name]
        nested = reader if isinstance(reader, Schema) else None
        read = _map_reader(reader) if isinstance(reader, Schema) else reader
        made.append(Field(key, field.name, read, required, default, nested))
    return Schema(cls, tuple(made))


def _map_reader(schema: Schema) -> Reader:
    def read(value: object) -> Any:  # noqa: ANN401, the class is data
        if not isinstance(value, dict):
            raise ValueError("must be a map")  # noqa: TRY004, a reader has one error
        return schema.read(value)

    return read


def _error_code(value: object) -> ErrorCode:
    # A newer server may know more codes; `retryable` still says what to do.
    return _CODES.get(string(value), ErrorCode.INTERNAL)


_CODES = {code.value: code for code in ErrorCode}


#: Echoes of an id that the client may have left out; the attribute has no default all the same.
_MAY_BE_NONE = {(m.Flushed, "id"), (m.Pong, "id")}

_REFERENCE = _schema(m.Reference, audio=binary, text=string)
#: The map in `ready`.
LIMITS = _schema(
    m.Limits,
    max_message_bytes=count,
    max_text_chars=count,
    max_streams=count,
    min_sample_rate=count,
    max_sample_rate=count,
    default_credit_s=seconds,
    stall_s=seconds,
    idle_connection_s=seconds,
    idle_stream_s=seconds,
    max_stream_s=seconds,
    ping_interval_s=seconds,
)

#: What a client sends, by `type`. The ranges are those beyond which no model goes.
CLIENT_SCHEMAS: dict[str, Schema] = {
    "open": _schema(
        m.Open,
        stream=stream_id,
        voice=voice_id,
        reference=_REFERENCE,
        language=language_tag,
        sample_rate=hertz,
        encoding=one_of(*BYTES_PER_SAMPLE),
        speed=number(*SPEED_RANGE),
        pitch=number(*PITCH_RANGE),
        volume_db=number(*VOLUME_DB_RANGE),
        normalize=boolean,
        lexicon=lexicon,
        seed=integer(0, MAX_SEED),
        temperature=number(*TEMPERATURE_RANGE),
        top_p=number(*TOP_P_RANGE),
        repetition_penalty=number(*REPETITION_PENALTY_RANGE),
        credit=count,
        service_class=one_of("call", "note"),
    ),
    "text": _schema(m.Text, stream=stream_id, text=string),
    "flush": _schema(m.Flush, stream=stream_id, id=message_id),
    "end": _schema(m.End, stream=stream_id),
    "cancel": _schema(m.Cancel, stream=stream_id, played=count),
    "credit": _schema(m.Credit, stream=stream_id, upto=count, played=count),
    "ping": _schema(m.Ping, id=message_id),
    "bye": _schema(m.Bye),
}

#: What a server sends, by `type`.
SERVER_SCHEMAS: dict[str, Schema] = {
    "ready": _schema(m.Ready, session=string, model=string, sample_rate=hertz, limits=LIMITS),
    "opened": _schema(m.Opened, stream=stream_id, sample_rate=hertz),
    "audio": _schema(m.Audio, stream=stream_id, at=count, pcm=pcm),
    "mark": _schema(
        m.Mark, stream=stream_id, at=count, start=count, end=count, unit=one_of("segment", "word")
    ),
    "flushed": _schema(m.Flushed, stream=stream_id, id=message_id, at=count),
    "blocked": _schema(m.Blocked, stream=stream_id, at=count),
    "done": _schema(
        m.Done,
        stream=stream_id,
        samples=count,
        reason=one_of("end", "length", "repetition"),
    ),
    "cancelled": _schema(m.Cancelled, stream=stream_id, samples=count, heard=count),
    "error": _schema(
        m.Error,
        code=_error_code,
        message=string,
        retryable=boolean,
        stream=stream_id,
        retry_after_s=seconds,
    ),
    "pong": _schema(m.Pong, id=message_id),
    "draining": _schema(m.Draining, deadline_s=seconds),
}

#: The `type` of every message class.
TYPE_NAMES: dict[type[object], str] = {
    schema.cls: name for name, schema in (CLIENT_SCHEMAS | SERVER_SCHEMAS).items()
}
