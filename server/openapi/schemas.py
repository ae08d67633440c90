"""What goes over HTTP, as JSON Schema."""

from typing import Any

from protocol.codes import ErrorCode
from protocol.fields import (
    MAX_SEED,
    PITCH_RANGE,
    REPETITION_PENALTY_RANGE,
    SPEED_RANGE,
    TEMPERATURE_RANGE,
    TOP_P_RANGE,
    VOLUME_DB_RANGE,
)
from server.audio.formats import AudioFormat
from server.dialects.fish.request import MAX_REFERENCES, MP3_BIT_RATES, OPUS_BIT_RATES

Schema = dict[str, Any]

#: What only HTTP can get wrong, beside the codes of the wire.
_HTTP_CODES = ["key_reused", "method_not_allowed", "not_found", "take_changed", "unreachable"]


def _object(required: list[str], **properties: Schema) -> Schema:
    return {"type": "object", "required": required, "properties": properties}


def _or_null(kind: str, **limits: object) -> Schema:
    return {"type": [kind, "null"], **limits}


def _within(limits: tuple[float, float]) -> Schema:
    return _or_null("number", minimum=limits[0], maximum=limits[1])


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


_STRING: Schema = {"type": "string"}
_TEXT: Schema = {"type": "string", "minLength": 1, "pattern": r"\S"}
_REFERENCE = _object(
    ["audio", "text"],
    audio={"type": "string", "contentEncoding": "base64"},
    text=_TEXT,
)
_LEXICON: Schema = {"type": ["object", "null"], "additionalProperties": _STRING}
_SAMPLING: Schema = {
    "seed": _or_null("integer", minimum=0, maximum=MAX_SEED),
    "temperature": _within(TEMPERATURE_RANGE),
    "top_p": _within(TOP_P_RANGE),
    "repetition_penalty": _within(REPETITION_PENALTY_RANGE),
}

SCHEMAS: dict[str, Schema] = {
    "Note": _object(
        [],
        text=_TEXT,
        ssml={"type": "string", "pattern": "<speak", "contentMediaType": "application/ssml+xml"},
        format={"type": ["string", "null"], "enum": [*map(str, AudioFormat), None]},
        voice=_or_null("string"),
        reference={"anyOf": [_ref("Reference"), {"type": "null"}]},
        language=_or_null("string"),
        sample_rate=_or_null("integer"),
        speed=_within(SPEED_RANGE),
        pitch=_within(PITCH_RANGE),
        volume_db=_within(VOLUME_DB_RANGE),
        normalize=_or_null("boolean"),
        lexicon=_LEXICON,
        **_SAMPLING,
    )
    | {
        "additionalProperties": False,
        "oneOf": [{"required": ["text"]}, {"required": ["ssml"]}],
    },
    "Reference": _REFERENCE | {"additionalProperties": False},
    "Problem": _object(
        ["type", "title", "status", "detail", "code"],
        type=_STRING,
        title=_STRING,
        status={"type": "integer"},
        detail=_STRING,
        code={"enum": [*map(str, ErrorCode), *_HTTP_CODES]},
    ),
    "NewVoice": _object(
        ["reference"],
        id=_or_null("string"),
        name=_or_null("string"),
        reference=_ref("Reference"),
        lexicon=_LEXICON,
    )
    | {"additionalProperties": False},
    "Voice": _object(
        ["id", "name", "languages", "stored"],
        id=_STRING,
        name=_STRING,
        languages={"type": "array", "items": _STRING},
        stored={"type": "boolean"},
        lexicon=_LEXICON,
    ),
    "Voices": _object(
        ["default", "voices", "aliases", "variants"],
        default=_STRING,
        voices={"type": "array", "items": _ref("Voice")},
        aliases={"type": "object", "additionalProperties": _STRING},
        variants={"type": "array", "items": _STRING},
    ),
    "OpenAiSpeech": _object(
        ["input"],
        model=_or_null("string"),
        input=_TEXT,
        voice={"anyOf": [_or_null("string"), _object(["id"], id=_STRING)]},
        instructions=_or_null("string"),
        response_format={"type": ["string", "null"], "enum": [*map(str, AudioFormat), None]},
        speed=_within(SPEED_RANGE),
        stream_format={"type": ["string", "null"], "enum": ["audio", "sse", None]},
    ),
    "OpenAiError": _object(
        ["error"],
        error=_object(
            ["message", "type", "param", "code"],
            message=_STRING,
            type=_STRING,
            param=_or_null("string"),
            code=_STRING,
        ),
    ),
    "OpenAiModel": _object(
        ["id", "object", "created", "owned_by"],
        id=_STRING,
        object={"const": "model"},
        created={"type": "integer"},
        owned_by=_STRING,
    ),
    "OpenAiModels": _object(
        ["object", "data"],
        object={"const": "list"},
        data={"type": "array", "items": _ref("OpenAiModel")},
    ),
    "FishSpeech": _object(
        ["text"],
        text=_TEXT,
        format={"type": ["string", "null"], "enum": ["wav", "pcm", "mp3", "opus", None]},
        sample_rate=_or_null("integer"),
        mp3_bitrate={"type": ["integer", "null"], "enum": [*MP3_BIT_RATES, None]},
        opus_bitrate={"type": ["integer", "null"], "enum": [*OPUS_BIT_RATES, None]},
        normalize=_or_null("boolean"),
        reference_id=_or_null("string"),
        references={
            "type": ["array", "null"],
            "items": _ref("Reference"),
            "maxItems": MAX_REFERENCES,
        },
        prosody={
            "anyOf": [
                _object([], speed=_within(SPEED_RANGE), volume=_within(VOLUME_DB_RANGE)),
                {"type": "null"},
            ]
        },
        **_SAMPLING,
    ),
    "FishError": _object(["status", "message"], status={"type": "integer"}, message=_STRING)
    | {"additionalProperties": False},
    "FishHealth": _object(["status"], status={"const": "ok"}),
}
