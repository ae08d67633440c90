"""What is to be known of a stored voice, written as JSON: the same wherever it is kept.

A field that is not known here is one of a later version: it is passed over, and kept. One that is
missing is of an earlier one, and has a default.
"""

import json
from collections.abc import Mapping
from typing import Any

from server.voices.lexicon import read_lexicon
from server.voices.store import StoredVoice, VoiceDetails

#: The end of the year 9999, the last that a date can name; and no infinity.
MAX_TIME_S = 253_402_300_799.0


def write_about(voice: StoredVoice, text: str, kept: bytes = b"{}") -> bytes:
    """Return the JSON of a voice and what is said in its recording.

    `kept` is what was written of it before. A `ValueError` says that it is not ours.
    """
    details = voice.details
    about = _object(kept) | {
        "name": voice.name,
        "text": text,
        "digest": voice.digest,
        "description": details.description,
        "tags": list(details.tags),
        "visibility": details.visibility,
        "created_s": voice.created_s,
        "updated_s": voice.updated_s,
        "lexicon": dict(voice.lexicon),
    }
    return json.dumps(about).encode()


def read_about(data: bytes, voice_id: str, stored_s: float) -> tuple[StoredVoice, str]:
    """Return a voice and what is said in its recording.

    `stored_s` is when it was put where it is, in seconds since 1970: of a voice that does not say.

    Raises:
        ValueError: it is none that `write_about` has written.
    """
    about = _object(data)
    created_s = _number(about, "created_s", stored_s)
    voice = StoredVoice(
        id=voice_id,
        name=_string(about, "name"),
        digest=_string(about, "digest"),
        details=VoiceDetails(
            description=_string(about, "description", ""),
            tags=_strings(about, "tags"),
            visibility=_string(about, "visibility", VoiceDetails().visibility),
        ),
        created_s=created_s,
        updated_s=_number(about, "updated_s", created_s),
        lexicon=read_lexicon(about.get("lexicon", {})),
    )
    return voice, _string(about, "text")


def _object(data: bytes) -> dict[str, Any]:
    try:
        about = json.loads(data)
    except RecursionError as error:
        raise ValueError("not ours") from error
    if not isinstance(about, dict):
        raise ValueError("no object")  # noqa: TRY004 as of all that is not ours
    return about


def _string(about: Mapping[str, Any], name: str, default: str | None = None) -> str:
    value = about.get(name, default)
    if not isinstance(value, str):
        raise ValueError(f"{name} is no string")  # noqa: TRY004
    # Halves of surrogate pairs can be read in JSON, and in no answer; the error is a ValueError.
    value.encode()
    return value


def _strings(about: Mapping[str, Any], name: str) -> tuple[str, ...]:
    values = about.get(name, [])
    if not isinstance(values, list):
        raise ValueError(f"{name} is no list")  # noqa: TRY004
    return tuple(_string({name: value}, name) for value in values)


def _number(about: Mapping[str, Any], name: str, default: float) -> float:
    value = about.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{name} is no number")  # noqa: TRY004
    if not 0 <= value <= MAX_TIME_S:
        raise ValueError(f"{name} is no time")
    return float(value)
