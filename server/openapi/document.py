"""The document: every route over HTTP, with what it takes and every answer it may give."""

from importlib.metadata import version
from typing import Any

from server.audio.formats import AudioFormat
from server.openapi import fish_voices, jobs
from server.openapi.operations import (
    FOREIGN_REFUSALS,
    JSON,
    OVERLOADED,
    answer,
    operation,
    path_parameter,
    problems,
    ref,
    refusals,
)
from server.openapi.schemas import SCHEMAS

PATH = "/openapi.json"
#: Read once, from a file.
_VERSION = version("voxline")
_AUDIO: dict[str, Any] = {each.media_type.partition(";")[0]: {} for each in AudioFormat}


def document(*, keeps_notes: bool) -> dict[str, Any]:
    """Return the OpenAPI document, version 3.1, of a server that `keeps_notes` or does not."""
    paths, schemas = _PATHS | fish_voices.PATHS, SCHEMAS | fish_voices.SCHEMAS
    if keeps_notes:
        paths, schemas = paths | jobs.PATHS, schemas | jobs.SCHEMAS
    return {
        "openapi": "3.1.0",
        "info": {"title": "Voxline", "version": _VERSION},
        "paths": paths,
        "components": {"schemas": schemas},
    }


_FILE = {"200": answer("the file, while it is made", _AUDIO)}
_EVENTS = {"200": answer("the file, or events", {**_AUDIO, "text/event-stream": {}})}
_FISH_FILE = {
    "200": answer("the file, while it is made", {**_AUDIO, "application/octet-stream": {}})
}
_TIMED_EVENTS = {"200": answer("events, while it is made", {"text/event-stream": {}})}
_VOICE = {JSON: ref("Voice")}
_FISH_HEALTH = operation("Tell Fish's clients", {"200": answer("ok", {JSON: ref("FishHealth")})})
_PROBE = {"200": answer("yes"), "503": answer("no")}

_PATHS: dict[str, Any] = {
    "/v1/notes": {
        "post": operation("Make a note", _FILE | problems(*jobs.NOTE_REFUSALS), "Note"),
    },
    "/v1/voices": {
        "get": operation("List the voices", {"200": answer("all", {JSON: ref("Voices")})}),
        "post": operation(
            "Store a voice",
            {"201": answer("stored", _VOICE)}
            | problems(400, 405, 408, 409, 413, 422, 429, OVERLOADED),
            "NewVoice",
        ),
    },
    "/v1/voices/{voice_id}": {
        "parameters": [path_parameter("voice_id")],
        "get": operation("Describe a voice", {"200": answer("it", _VOICE)} | problems(404)),
        "delete": operation(
            "Forget a stored voice", {"204": answer("forgotten")} | problems(404, 409, 422)
        ),
    },
    "/v1/audio/speech": {
        "post": operation(
            "Make a note, in OpenAI's words",
            _EVENTS | refusals("OpenAiError", JSON, FOREIGN_REFUSALS),
            "OpenAiSpeech",
        ),
    },
    "/v1/models": {
        "get": operation("List the model", {"200": answer("it", {JSON: ref("OpenAiModels")})}),
    },
    "/v1/models/{model}": {
        "parameters": [path_parameter("model")],
        "get": operation(
            "Describe the model",
            {"200": answer("it", {JSON: ref("OpenAiModel")})}
            | refusals("OpenAiError", JSON, (404,)),
        ),
    },
    "/v1/tts": {
        "post": operation(
            "Make a note, in Fish Audio's words",
            _FISH_FILE | refusals("FishError", JSON, FOREIGN_REFUSALS),
            "FishSpeech",
            (JSON, "multipart/form-data"),
        ),
    },
    "/v1/tts/stream/with-timestamp": {
        "post": operation(
            "Make a note, in Fish Audio's words, and tell which word is heard when",
            _TIMED_EVENTS | refusals("FishError", JSON, FOREIGN_REFUSALS),
            "FishSpeech",
            (JSON, "multipart/form-data"),
        ),
    },
    "/v1/health": {"get": _FISH_HEALTH, "post": _FISH_HEALTH},
    "/livez": {"get": operation("Tell whether the engine turns", _PROBE)},
    "/readyz": {"get": operation("Tell whether new work is taken", _PROBE)},
    "/metrics": {
        "get": operation("Tell what happened", {"200": answer("Prometheus", {"text/plain": {}})}),
    },
}
