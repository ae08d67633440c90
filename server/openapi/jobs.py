"""The routes of notes that nobody waits for."""

from typing import Any

from server.audio.formats import AudioFormat
from server.jobs.http.batch import MEDIA_TYPE as _LINES
from server.jobs.job import JobState, Priority
from server.openapi.operations import (
    JSON,
    OVERLOADED,
    answer,
    operation,
    path_parameter,
    problems,
    query_parameter,
    ref,
)
from server.openapi.schemas import SCHEMAS as NOTE_SCHEMAS

_AUDIO: dict[str, Any] = {each.media_type.partition(";")[0]: {} for each in AudioFormat}
_JOB = {JSON: ref("Job")}
_MEMBER = {"parameters": [path_parameter("job_id")]}
#: What a refusal may be called by its status: of a body that is wrong, too long, too slow or too
#: early, of a voice that is not there, of a model that cannot.
NOTE_REFUSALS = (400, 404, 405, 408, 413, 422, 429, OVERLOADED)


def _header(name: str, **schema: object) -> dict[str, Any]:
    return {"name": name, "in": "header", "schema": schema}


PATHS: dict[str, Any] = {
    "/v1/notes": {
        "get": operation(
            "List the notes that are kept, the newest first",
            {"200": answer("a page", {JSON: ref("Jobs")})} | problems(422, OVERLOADED),
            parameters=[
                query_parameter("limit", type="integer", minimum=1, maximum=500),
                query_parameter("cursor", type="string"),
                query_parameter("state", enum=[*map(str, JobState)]),
            ],
        ),
        "post": operation(
            "Make a note: now, or with `Prefer: respond-async` some time",
            {
                "200": answer("the file, while it is made", _AUDIO),
                "202": answer("it is kept, and will be made", _JOB),
            }
            | problems(*NOTE_REFUSALS, 409),
            "Note",
            parameters=[
                _header("Prefer", enum=["respond-async"]),
                _header("Idempotency-Key", type="string", minLength=1, maxLength=255),
            ],
        ),
    },
    "/v1/notes/batch": {
        "post": operation(
            "Have a note made for every line, some time",
            {"200": answer("an answer for every line", {_LINES: {}})} | problems(*NOTE_REFUSALS),
            "JobLine",
            (_LINES,),
        ),
    },
    "/v1/notes/{job_id}": {
        **_MEMBER,
        "get": operation(
            "Tell what has become of a note",
            {"200": answer("it", _JOB)} | problems(404, OVERLOADED),
        ),
        "delete": operation(
            "Give a note up, or forget one that has ended",
            {"202": answer("it is given up", _JOB), "204": answer("forgotten")}
            | problems(404, 409, OVERLOADED),
        ),
    },
    "/v1/notes/{job_id}/retry": {
        **_MEMBER,
        "post": operation(
            "Send a failed note again", {"202": answer("it", _JOB)} | problems(404, 409, OVERLOADED)
        ),
    },
    "/v1/notes/{job_id}/audio": {
        **_MEMBER,
        "get": operation(
            "Fetch the audio of a note, while it is made or afterwards",
            {
                "200": answer("the file", _AUDIO),
                "206": answer("a part of it", _AUDIO),
                "304": answer("it has not changed"),
                "307": answer("where it is"),
                "412": answer("it is another take than the one named"),
                "416": answer("it has no such part"),
            }
            | problems(404, 409, 422, OVERLOADED),
            parameters=[
                query_parameter("take", type="integer", minimum=0),
                query_parameter("offset", type="integer", minimum=0),
            ],
        ),
    },
    "/v1/notes/{job_id}/events": {
        **_MEMBER,
        "get": operation(
            "Follow what becomes of a note",
            {"200": answer("an event for every change", {"text/event-stream": {}})}
            | problems(404, OVERLOADED),
        ),
    },
}

_STRING = {"type": "string"}
_COUNT = {"type": "integer", "minimum": 0}
_TIME = {"type": ["string", "null"], "format": "date-time"}
_SECONDS = {"type": "number", "minimum": 0}


def _object(**properties: Any) -> dict[str, Any]:  # noqa: ANN401 any schema
    return {"type": "object", "required": list(properties), "properties": properties}


_ASKED = {
    "priority": {"enum": [*map(str, Priority), None]},
    "expires_s": {"type": ["number", "null"], "exclusiveMinimum": 0},
    "webhook": {"type": ["string", "null"], "format": "uri"},
}


def _note_with(**properties: Any) -> dict[str, Any]:  # noqa: ANN401 any schema
    note = NOTE_SCHEMAS["Note"]
    return {**note, "properties": {**note["properties"], **properties}}


SCHEMAS: dict[str, Any] = {
    # What a note has, and for one that nobody waits for, how it is kept and told of.
    "Note": _note_with(**_ASKED),
    "JobLine": _note_with(**_ASKED, key={"type": ["string", "null"]}),
    "Job": _object(
        id=_STRING,
        state={"enum": [*map(str, JobState)]},
        priority={"enum": [*map(str, Priority)]},
        format={"enum": [*map(str, AudioFormat)]},
        characters=_object(total=_COUNT, spoken=_COUNT),
        audio_s=_object(estimated=_SECONDS, made=_SECONDS),
        attempts=_COUNT,
        error={"anyOf": [_object(code=_STRING, message=_STRING), {"type": "null"}]},
        audio=_STRING,
        bytes={"type": ["integer", "null"]},
        accepted_at=_TIME,
        expires_at=_TIME,
        begun_at=_TIME,
        ended_at=_TIME,
        webhook={"anyOf": [_object(calls=_COUNT, next_call_at=_TIME), {"type": "null"}]},
    ),
    "Jobs": _object(
        notes={"type": "array", "items": ref("Job")["schema"]},
        next_cursor={"type": ["string", "null"]},
    ),
}
