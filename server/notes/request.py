"""The JSON body of `POST /v1/notes`, read strictly."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from engine.request import Sampling
from protocol.codes import ErrorCode
from server.audio.formats import AudioFormat
from server.errors import RequestError
from server.notes.flat_json import read_object
from server.parameters import Parameters

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteRequest:
    """What to say, how, and in which format."""

    text: str
    format: AudioFormat
    parameters: Parameters


def parse_note(body: bytes | bytearray, max_text_chars: int) -> NoteRequest:
    """Read a note.

    Raises:
        RequestError: `bad_message` (no JSON object), `bad_value` (a field), `text_too_long`.
    """
    fields = read_object(body, _FIELDS)
    text = _field(fields, "text", _string)
    if text is None:
        raise RequestError(ErrorCode.BAD_VALUE, "text is missing")
    if len(text) > max_text_chars:
        raise RequestError(
            ErrorCode.TEXT_TOO_LONG, f"text has {len(text)} characters of {max_text_chars} allowed"
        )
    if not text.strip():
        raise RequestError(ErrorCode.BAD_VALUE, "text has nothing to speak")
    return NoteRequest(
        text=text,
        format=_field(fields, "format", _audio_format) or AudioFormat.WAV,
        parameters=_parameters(fields),
    )


def _parameters(fields: Mapping[str, Any]) -> Parameters:
    return Parameters(
        voice=_field(fields, "voice", _string),
        language=_field(fields, "language", _string),
        sample_rate=_field(fields, "sample_rate", _integer),
        speed=_field(fields, "speed", _number),
        pitch=_field(fields, "pitch", _number),
        volume_db=_field(fields, "volume_db", _number),
        normalize=_field(fields, "normalize", _boolean),
        sampling=Sampling(
            seed=_field(fields, "seed", _integer),
            temperature=_field(fields, "temperature", _number),
            top_p=_field(fields, "top_p", _number),
            repetition_penalty=_field(fields, "repetition_penalty", _number),
        ),
    )


_FIELDS = {
    "text", "format", "voice", "language", "sample_rate", "speed", "pitch", "volume_db",
    "normalize", "seed", "temperature", "top_p", "repetition_penalty",
}  # fmt: skip


def _field(fields: Mapping[str, Any], name: str, read: Callable[[Any], _T]) -> _T | None:
    value = fields.get(name)
    if value is None:
        return None
    try:
        return read(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise RequestError(ErrorCode.BAD_VALUE, f"{name}: {error}") from error


def _string(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("must be a string")
    return value


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError("must be a number")
    return float(value)


def _integer(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError("must be an integer")
    return value


def _boolean(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError("must be true or false")
    return value


def _audio_format(value: object) -> AudioFormat:
    try:
        return AudioFormat(_string(value))
    except ValueError:
        names = ", ".join(member.value for member in AudioFormat)
        raise ValueError(f"must be one of {names}") from None
