"""How a voice is described in Fish's words: the bodies of `POST /model` and `PATCH /model/ID`.

`type`, `train_mode` and `enhance_audio_quality` are for a service that trains; they are passed
over, and so is a cover image.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from protocol.codes import ErrorCode
from protocol.messages import Reference
from server.bodies.fields import binary, field, string
from server.dialects.body import choice, read_loosely
from server.errors import RequestError
from server.voices.request import NewVoice, new_name
from server.voices.store import (
    MAX_DESCRIPTION_CHARS,
    MAX_TAG_CHARS,
    MAX_TAGS,
    StoredVoice,
    VoiceDetails,
)

_VISIBILITIES = {name: name for name in ("private", "unlist", "public")}


def parse_new(body: bytearray, media_type: str) -> NewVoice:
    """Read a voice that is to be stored.

    Raises:
        RequestError: `bad_message`, `bad_value`, or `unsupported` (more than one recording).
    """
    fields = read_loosely(body, media_type)
    name = field(fields, "title", new_name)
    if name is None:
        raise RequestError(ErrorCode.BAD_VALUE, "title is missing")
    details = replace(VoiceDetails(), **_details(fields))
    return NewVoice(None, name, _recording(fields), details)


def parse_change(body: bytearray, media_type: str) -> Callable[[StoredVoice], StoredVoice]:
    """Read what is to be told of a voice from now on; what is left out stays as it is.

    Raises:
        RequestError: `bad_message` or `bad_value`.
    """
    # Their client sends no body where nothing is to change.
    fields = read_loosely(body, media_type) if body else {}
    name = field(fields, "title", new_name)
    details = _details(fields)

    def change(voice: StoredVoice) -> StoredVoice:
        told = replace(voice.details, **details)
        return replace(voice, name=name or voice.name, details=told)

    return change


def _details(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of the details that are given."""
    given: dict[str, Any] = {
        "description": field(fields, "description", _description),
        "tags": field(fields, "tags", _tags),
    }
    if fields.get("visibility") is not None:
        given["visibility"] = choice(fields, "visibility", _VISIBILITIES, "private")
    return {name: value for name, value in given.items() if value is not None}


def _recording(fields: Mapping[str, Any]) -> Reference:
    voices = field(fields, "voices", lambda value: [binary(each) for each in _listed(value)]) or []
    texts = field(fields, "texts", lambda value: [string(each) for each in _listed(value)]) or []
    if len(voices) > 1:
        raise RequestError(ErrorCode.UNSUPPORTED, "voices: give one recording")
    if not voices:
        raise RequestError(ErrorCode.BAD_VALUE, "voices is missing: a recording")
    if len(texts) != 1:
        # Nothing here could listen to it.
        raise RequestError(ErrorCode.BAD_VALUE, "texts must say what is said in the recording")
    return Reference(voices[0], texts[0])


def _listed(value: object) -> list[object]:
    """Return a list as it is; a form cannot say that one value is a list."""
    return value if isinstance(value, list) else [value]


def _description(value: object) -> str:
    return _short(value, MAX_DESCRIPTION_CHARS)


def _tags(value: object) -> tuple[str, ...]:
    tags = _listed(value)
    if len(tags) > MAX_TAGS:
        raise ValueError(f"must be up to {MAX_TAGS}")
    return tuple(_short(each, MAX_TAG_CHARS) for each in tags)


def _short(value: object, max_chars: int) -> str:
    text = string(value)
    if len(text) > max_chars:
        raise ValueError(f"must have up to {max_chars} characters")
    # Halves of surrogate pairs can be written in JSON, and in no answer; the error is a ValueError.
    text.encode()
    return text
