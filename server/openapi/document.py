"""The document: every route over HTTP, with what it takes and every answer it may give."""

from importlib.metadata import version
from typing import Any

from server.audio.formats import AudioFormat
from server.openapi.schemas import SCHEMAS

PATH = "/openapi.json"
#: Read once, from a file.
_VERSION = version("voxline")
_JSON = "application/json"
_PROBLEM = "application/problem+json"
#: Where nobody's fault but the server's, or the moment's, is the reason.
_OVERLOADED = 503
_AUDIO: dict[str, Any] = {each.media_type.partition(";")[0]: {} for each in AudioFormat}
#: What a refusal may be called by its status: of a body that is wrong, too long, too slow or too
#: early, of a voice that is not there, of a model that cannot.
_NOTE_REFUSALS = (400, 404, 405, 408, 413, 422, 429, _OVERLOADED)
_FOREIGN_REFUSALS = (400, 405, 408, 429, _OVERLOADED)


def document() -> dict[str, Any]:
    """Return the OpenAPI document, version 3.1."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "Voxline", "version": _VERSION},
        "paths": _PATHS,
        "components": {"schemas": SCHEMAS},
    }


def _ref(name: str) -> dict[str, Any]:
    return {"schema": {"$ref": f"#/components/schemas/{name}"}}


def _answer(description: str, content: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"description": description} | ({} if content is None else {"content": content})


def _refusals(schema: str, media_type: str, statuses: tuple[int, ...]) -> dict[str, Any]:
    return {str(status): _answer("refused", {media_type: _ref(schema)}) for status in statuses}


def _problems(*statuses: int) -> dict[str, Any]:
    return _refusals("Problem", _PROBLEM, statuses)


def _operation(
    summary: str, answers: dict[str, Any], takes: str | None = None, **more: object
) -> dict[str, Any]:
    body = (
        {}
        if takes is None
        else {"requestBody": {"required": True, "content": {_JSON: _ref(takes)}}}
    )
    return {"summary": summary, **body, "responses": answers, **more}


def _path_parameter(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


_FILE = {"200": _answer("the file, while it is made", _AUDIO)}
_EVENTS = {"200": _answer("the file, or events", {**_AUDIO, "text/event-stream": {}})}
_FISH_FILE = {
    "200": _answer("the file, while it is made", {**_AUDIO, "application/octet-stream": {}})
}
_TIMED_EVENTS = {"200": _answer("events, while it is made", {"text/event-stream": {}})}
_VOICE = {_JSON: _ref("Voice")}
_PROBE = {"200": _answer("yes"), "503": _answer("no")}

_PATHS: dict[str, Any] = {
    "/v1/notes": {
        "post": _operation("Make a note", _FILE | _problems(*_NOTE_REFUSALS), "Note"),
    },
    "/v1/voices": {
        "get": _operation("List the voices", {"200": _answer("all", {_JSON: _ref("Voices")})}),
        "post": _operation(
            "Store a voice",
            {"201": _answer("stored", _VOICE)}
            | _problems(400, 405, 408, 409, 413, 422, 429, _OVERLOADED),
            "NewVoice",
        ),
    },
    "/v1/voices/{voice_id}": {
        "parameters": [_path_parameter("voice_id")],
        "get": _operation("Describe a voice", {"200": _answer("it", _VOICE)} | _problems(404)),
        "delete": _operation(
            "Forget a stored voice", {"204": _answer("forgotten")} | _problems(404, 409, 422)
        ),
    },
    "/v1/audio/speech": {
        "post": _operation(
            "Make a note, in OpenAI's words",
            _EVENTS | _refusals("OpenAiError", _JSON, _FOREIGN_REFUSALS),
            "OpenAiSpeech",
        ),
    },
    "/v1/models": {
        "get": _operation("List the model", {"200": _answer("it", {_JSON: _ref("OpenAiModels")})}),
    },
    "/v1/models/{model}": {
        "parameters": [_path_parameter("model")],
        "get": _operation(
            "Describe the model",
            {"200": _answer("it", {_JSON: _ref("OpenAiModel")})}
            | _refusals("OpenAiError", _JSON, (404,)),
        ),
    },
    "/v1/tts": {
        "post": _operation(
            "Make a note, in Fish Audio's words",
            _FISH_FILE | _refusals("FishError", _JSON, _FOREIGN_REFUSALS),
            "FishSpeech",
        ),
    },
    "/v1/tts/stream/with-timestamp": {
        "post": _operation(
            "Make a note, in Fish Audio's words, and tell which word is heard when",
            _TIMED_EVENTS | _refusals("FishError", _JSON, _FOREIGN_REFUSALS),
            "FishSpeech",
        ),
    },
    "/v1/health": {
        "get": _operation(
            "Tell Fish's clients", {"200": _answer("ok", {_JSON: _ref("FishHealth")})}
        ),
    },
    "/livez": {"get": _operation("Tell whether the engine turns", _PROBE)},
    "/readyz": {"get": _operation("Tell whether new work is taken", _PROBE)},
    "/metrics": {
        "get": _operation("Tell what happened", {"200": _answer("Prometheus", {"text/plain": {}})}),
    },
}
