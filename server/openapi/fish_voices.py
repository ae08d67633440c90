"""The routes of voices in the words of Fish Audio, and of fish-speech's own server."""

from typing import Any

from server.dialects.fish.voice_page import MAX_PAGE_SIZE
from server.openapi.operations import (
    FOREIGN_REFUSALS,
    JSON,
    OVERLOADED,
    answer,
    operation,
    path_parameter,
    query_parameter,
    ref,
    refusals,
)
from server.voices.store import MAX_DESCRIPTION_CHARS, MAX_NAME_CHARS, MAX_TAG_CHARS, MAX_TAGS

_PACKED = "application/msgpack"
_FORM, _ENCODED = "multipart/form-data", "application/x-www-form-urlencoded"
_VOICE = {JSON: ref("FishVoice")}
_STRING = {"type": "string"}
_STRINGS = {"type": "array", "items": _STRING}
_COUNT = {"type": "integer", "minimum": 0}
_BASE64 = {"type": "string", "contentEncoding": "base64"}


def _refused(*statuses: int) -> dict[str, Any]:
    return refusals("FishError", JSON, statuses)


def _reference(*statuses: int) -> dict[str, Any]:
    content = {_PACKED: {}, JSON: ref("FishReference")}
    return {str(status): answer("done, or refused", content) for status in (200, *statuses)}


_QUERY = [
    query_parameter("page_size", type="integer", minimum=1, maximum=MAX_PAGE_SIZE),
    query_parameter("page_number", type="integer", minimum=1),
    query_parameter("title", type="string"),
    query_parameter("tag", **_STRINGS),
    query_parameter("self", type="boolean"),
    query_parameter("author_id", type="string"),
    query_parameter("language", **_STRINGS),
    query_parameter("sort_by", enum=["task_count", "created_at"]),
]

PATHS: dict[str, Any] = {
    "/model": {
        "get": operation(
            "List the voices, in Fish Audio's words",
            {"200": answer("a page", {JSON: ref("FishVoices")})} | _refused(400),
            parameters=_QUERY,
        ),
        "post": operation(
            "Store a voice, in Fish Audio's words",
            {"201": answer("stored", _VOICE)} | _refused(*FOREIGN_REFUSALS, 409),
            "FishNewVoice",
            (JSON, _FORM),
        ),
    },
    "/model/{voice_id}": {
        "parameters": [path_parameter("voice_id")],
        "get": operation("Describe a voice", {"200": answer("it", _VOICE)} | _refused(404)),
        "patch": operation(
            "Change what is told of a stored voice",
            {"200": answer("it", _VOICE)} | _refused(*FOREIGN_REFUSALS, 404),
            "FishVoiceChange",
            (JSON, _FORM, _ENCODED),
        ),
        "delete": operation(
            "Forget a stored voice", {"204": answer("forgotten")} | _refused(400, 404)
        ),
    },
    "/v1/references/add": {
        "post": operation(
            "Store a voice, in fish-speech's words",
            _reference(*FOREIGN_REFUSALS, 409),
            "FishNewReference",
            (JSON, _FORM),
        ),
    },
    "/v1/references/list": {
        "get": operation("List the stored voices, in fish-speech's words", _reference()),
    },
    "/v1/references/update": {
        "post": operation(
            "Give a stored voice another id",
            _reference(*FOREIGN_REFUSALS, 404, 409),
            "FishReferenceIds",
        ),
    },
    "/v1/references/delete": {
        "delete": operation(
            "Forget a stored voice, in fish-speech's words",
            _reference(400, 404, 408, OVERLOADED),
            "FishReferenceId",
        ),
    },
}

_TITLE = {"type": "string", "minLength": 1, "maxLength": MAX_NAME_CHARS, "pattern": r"\S"}
_DETAILS: dict[str, Any] = {
    "description": {"type": "string", "maxLength": MAX_DESCRIPTION_CHARS},
    "visibility": {"enum": ["public", "unlist", "private"]},
    "tags": {
        "type": "array",
        "items": {"type": "string", "maxLength": MAX_TAG_CHARS},
        "maxItems": MAX_TAGS,
    },
}


def _object(properties: dict[str, Any], *required: str) -> dict[str, Any]:
    return {"type": "object", "required": list(required), "properties": properties}


_TOLD: dict[str, Any] = {
    "_id": _STRING,
    "type": {"const": "tts"},
    "title": _STRING,
    **_DETAILS,
    "cover_image": _STRING,
    "train_mode": {"const": "fast"},
    "state": {"const": "trained"},
    "samples": {"type": "array"},
    "created_at": {"type": "string", "format": "date-time"},
    "updated_at": {"type": "string", "format": "date-time"},
    "languages": _STRINGS,
    "lock_visibility": {"type": "boolean"},
    **dict.fromkeys(("like_count", "mark_count", "shared_count", "task_count"), _COUNT),
    "author": _object(
        {"_id": _STRING, "nickname": _STRING, "avatar": _STRING}, "_id", "nickname", "avatar"
    ),
}

SCHEMAS: dict[str, Any] = {
    "FishVoice": _object(_TOLD, *_TOLD),
    "FishVoices": _object(
        {"total": _COUNT, "items": {"type": "array", "items": ref("FishVoice")["schema"]}},
        "total",
        "items",
    ),
    "FishNewVoice": _object(
        {
            "title": _TITLE,
            "voices": {"type": "array", "items": _BASE64, "minItems": 1, "maxItems": 1},
            "texts": {"type": "array", "items": _STRING, "minItems": 1, "maxItems": 1},
            **_DETAILS,
        },
        "title",
        "voices",
        "texts",
    ),
    "FishVoiceChange": _object({"title": _TITLE, **_DETAILS}),
    "FishNewReference": _object(
        {"id": _STRING, "audio": _BASE64, "text": _STRING}, "id", "audio", "text"
    ),
    "FishReferenceId": _object({"reference_id": _STRING}, "reference_id"),
    "FishReferenceIds": _object(
        {"old_reference_id": _STRING, "new_reference_id": _STRING},
        "old_reference_id",
        "new_reference_id",
    ),
    "FishReference": _object(
        {
            "success": {"type": "boolean"},
            "message": _STRING,
            "reference_id": _STRING,
            "reference_ids": _STRINGS,
            "old_reference_id": _STRING,
            "new_reference_id": _STRING,
        },
        "success",
        "message",
    ),
}
