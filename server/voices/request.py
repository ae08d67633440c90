"""The body of `POST /v1/voices`, read strictly, and what it comes to in every dialect."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.voices import VOICE_ID
from protocol.codes import ErrorCode
from protocol.messages import Reference
from server.bodies.fields import REFERENCE, field, read_fields, reference, string
from server.bodies.json_object import ANY_NAME, Names
from server.errors import RequestError
from server.voices.lexicon import read_lexicon
from server.voices.store import MAX_NAME_CHARS, VoiceDetails

_FIELDS: Names = {"id": None, "name": None, "reference": REFERENCE, "lexicon": ANY_NAME}


@dataclass(frozen=True, slots=True)
class NewVoice:
    """A voice to be stored. Without an `id` it gets one; without a `name` that is its id."""

    id: str | None
    name: str | None
    reference: Reference
    details: VoiceDetails = VoiceDetails()
    lexicon: Mapping[str, str] = dataclasses.field(default_factory=dict)


def parse_voice(body: bytes | bytearray, media_type: str = "application/json") -> NewVoice:
    """Read a voice.

    Raises:
        RequestError: `bad_message` (no object), `bad_value` (a field).
    """
    fields = read_fields(body, media_type, _FIELDS)
    recording = field(fields, "reference", reference)
    if recording is None:
        raise RequestError(ErrorCode.BAD_VALUE, "reference is missing")
    return NewVoice(
        field(fields, "id", new_id),
        field(fields, "name", new_name),
        recording,
        lexicon=field(fields, "lexicon", read_lexicon) or {},
    )


def new_id(value: Any) -> str:  # noqa: ANN401 whatever the body says
    """Read an id that a voice may be given."""
    if not VOICE_ID.fullmatch(string(value)):
        raise ValueError("must be 1 to 128 letters, digits, spaces, _, . and -")
    return string(value)


def new_name(value: Any) -> str:  # noqa: ANN401 whatever the body says
    """Read a name that a voice may be given."""
    name = string(value).strip()
    if not name or len(name) > MAX_NAME_CHARS:
        raise ValueError(f"must have 1 to {MAX_NAME_CHARS} characters")
    # Halves of surrogate pairs can be written in JSON, and in no answer; the error is a ValueError.
    name.encode()
    return name
