"""A voice as Fish's SDKs read it: with every field that they demand, meaningful here or not."""

from datetime import UTC, datetime
from typing import Any

from engine.voices import Voice
from server.voices.store import StoredVoice, VoiceDetails

#: Who has stored a voice: there are no accounts.
OWNER = "voxline"
#: Nothing is counted, nobody likes anything, and a voice that can be asked for is made.
_CONSTANT: dict[str, Any] = {
    "type": "tts",
    "cover_image": "",
    "train_mode": "fast",
    "state": "trained",
    "samples": [],
    "lock_visibility": False,
    "like_count": 0,
    "mark_count": 0,
    "shared_count": 0,
    "task_count": 0,
    "liked": False,
    "marked": False,
}


def own_voice(voice: Voice, model_name: str) -> dict[str, Any]:
    """Describe a voice of the model's own: public, by the model, and made nobody knows when."""
    described = StoredVoice(voice.id, voice.name, "", VoiceDetails(visibility="public"))
    return _told(described, voice.languages, model_name)


def stored_voice(voice: StoredVoice, languages: tuple[str, ...]) -> dict[str, Any]:
    """Describe a stored voice; `languages` are those of the model."""
    return _told(voice, languages, OWNER)


def _told(voice: StoredVoice, languages: tuple[str, ...], author: str) -> dict[str, Any]:
    return _CONSTANT | {
        "_id": voice.id,
        "title": voice.name,
        "description": voice.details.description,
        "tags": list(voice.details.tags),
        "visibility": voice.details.visibility,
        "languages": list(languages),
        "created_at": _iso(voice.created_s),
        "updated_at": _iso(voice.updated_s),
        "author": {"_id": author, "nickname": author, "avatar": ""},
    }


def _iso(at_s: float) -> str:
    return datetime.fromtimestamp(at_s, UTC).isoformat(timespec="milliseconds")
