"""OpenAI's clients ask in their words, and get what they expect."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from engine.runners import tone
from engine.runners.tone import ToneRunner
from protocol.codes import ErrorCode
from server.audio.formats import AudioFormat
from server.dialects.openai.errors import error_response
from server.dialects.openai.speech import PCM_RATE_HZ, OpenAiDialect
from server.dialects.silence import SILENCE_S
from server.errors import RequestError
from server.notes.request import NoteRequest
from server.voices.folder import FolderVoiceStore
from tests.helpers.asgi import calling, http_scope
from tests.helpers.virtual_engine_thread import VirtualEngineThread
from tests.server.test_notes import serving, whole
from tests.server.voices.store_conformance import reference, voice
from tests.server.voices.test_endpoint import serving as serving_voices

TEXT = "Hello there."
MAX_CHARS = 100
HEADERS = {"content-type": "application/json"}
POST = http_scope("POST", "/v1/audio/speech", HEADERS)


def parsed(**fields: object) -> NoteRequest:
    body = json.dumps({"model": "tts-1", "input": TEXT, "voice": "alloy", **fields}).encode()
    return OpenAiDialect(MAX_CHARS).parse(bytearray(body), HEADERS)


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({}, {"format": AudioFormat.MP3, "voice": "alloy", "sample_rate": None, "speed": None}),
        ({"voice": {"id": "voice_123"}}, {"voice": "voice_123"}),
        ({"voice": None}, {"voice": None}),
        ({"speed": 2}, {"speed": 2.0}),
        ({"response_format": "pcm"}, {"format": AudioFormat.PCM, "sample_rate": PCM_RATE_HZ}),
        ({"response_format": "wav"}, {"format": AudioFormat.WAV, "sample_rate": None}),
        ({"response_format": "opus"}, {"format": AudioFormat.OPUS}),
        ({"response_format": "flac"}, {"format": AudioFormat.FLAC}),
        ({"response_format": "aac"}, {"format": AudioFormat.AAC}),
        ({"instructions": "Whisper.", "model": "gpt-4o-mini-tts"}, {"format": AudioFormat.MP3}),
        ({"stream_format": "audio"}, {"media_type": "audio/mpeg"}),
        ({"stream_format": "sse"}, {"media_type": "text/event-stream"}),
        ({"a_field_of_next_year": [1, {"2": 3}]}, {"voice": "alloy"}),
    ],
)
def test_every_field_is_understood(fields: dict[str, object], found: dict[str, object]) -> None:
    note = parsed(**fields)
    told = {
        "format": note.format,
        "voice": note.parameters.voice,
        "sample_rate": note.parameters.sample_rate,
        "speed": note.parameters.speed,
        "media_type": note.reply.media_type,
    }
    assert note.text == TEXT
    assert {name: told[name] for name in found} == found


@pytest.mark.parametrize(
    ("fields", "code", "named"),
    [
        ({"input": None}, ErrorCode.BAD_VALUE, "input"),
        ({"input": "  "}, ErrorCode.BAD_VALUE, "input"),
        ({"input": 7}, ErrorCode.BAD_VALUE, "input"),
        ({"input": "x" * 101}, ErrorCode.TEXT_TOO_LONG, "input"),
        ({"voice": 7}, ErrorCode.BAD_VALUE, "voice"),
        ({"voice": {"name": "x"}}, ErrorCode.BAD_VALUE, "voice"),
        ({"response_format": "midi"}, ErrorCode.BAD_VALUE, "response_format"),
        ({"stream_format": "video"}, ErrorCode.BAD_VALUE, "stream_format"),
        ({"speed": "fast"}, ErrorCode.BAD_VALUE, "speed"),
    ],
)
def test_what_cannot_be_understood_is_named(
    fields: dict[str, object], code: ErrorCode, named: str
) -> None:
    with pytest.raises(RequestError, match=named) as refused:
        parsed(**fields)
    assert refused.value.code is code


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        (ErrorCode.BAD_VALUE, 400, "invalid_request_error"),
        (ErrorCode.UNKNOWN_VOICE, 400, "invalid_request_error"),
        (ErrorCode.UNSUPPORTED, 400, "invalid_request_error"),
        (ErrorCode.QUOTA, 429, "rate_limit_error"),
        (ErrorCode.OVERLOADED, 503, "server_error"),
        (ErrorCode.INTERNAL, 500, "server_error"),
    ],
)
def test_an_error_has_the_shape_that_clients_read(code: ErrorCode, status: int, kind: str) -> None:
    response = error_response(RequestError(code, "It is so.", retry_after_s=2.4))
    assert response.status_code == status
    assert response.headers["retry-after"] == "2"
    assert json.loads(bytes(response.body)) == {
        "error": {"message": "It is so.", "type": kind, "param": None, "code": code.value}
    }


async def asked(method: str, path: str, body: dict[str, object] | None = None) -> tuple[int, Any]:
    """Return the status, and the body as it came."""
    engine = VirtualEngineThread()
    async with serving(engine) as app, calling(app, http_scope(method, path, HEADERS)) as call:
        data = b"" if body is None else json.dumps(body).encode()
        call.put(type="http.request", body=data, more_body=False)
        return await whole(call)


@pytest.mark.anyio
async def test_events_carry_the_very_bytes_of_the_file_and_end_with_what_was_used() -> None:
    body: dict[str, object] = {"input": TEXT, "response_format": "wav"}
    _, file = await asked("POST", "/v1/audio/speech", body)
    status, data = await asked("POST", "/v1/audio/speech", body | {"stream_format": "sse"})
    assert status == 200
    events = [json.loads(part.removeprefix(b"data: ")) for part in data.split(b"\n\n")[:-1]]
    *deltas, done = events
    assert {event["type"] for event in deltas} == {"speech.audio.delta"}
    assert b"".join(base64.b64decode(event["audio"]) for event in deltas) == file
    assert done["type"] == "speech.audio.done"
    assert done["usage"]["total_tokens"] == len(TEXT)


@pytest.mark.anyio
async def test_a_text_without_a_sound_is_a_short_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tone, "SAMPLES_PER_CHAR", 0)
    body: dict[str, object] = {"input": "...", "response_format": "pcm"}
    silence = bytes(2 * round(SILENCE_S * PCM_RATE_HZ))
    assert await asked("POST", "/v1/audio/speech", body) == (200, silence)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("POST", "/v1/audio/speech", 400, "bad_value"),
        ("GET", "/v1/audio/speech", 405, "method_not_allowed"),
        ("GET", "/v1/models/nobody", 404, "model_not_found"),
        ("GET", "/v1/models/no\n/body", 404, "model_not_found"),
    ],
)
async def test_a_refusal_comes_before_the_200_and_in_their_shape(
    method: str, path: str, status: int, code: str
) -> None:
    found, data = await asked(method, path, {"input": TEXT, "voice": "nobody", "speed": 9})
    assert (found, json.loads(data)["error"]["code"]) == (status, code)


@pytest.mark.anyio
@pytest.mark.parametrize("virtual_time", [False])  # a disk is read in threads
async def test_a_stored_voice_of_a_model_that_cannot_clone_is_unsupported(tmp_path: Path) -> None:
    await FolderVoiceStore(tmp_path).add(voice("anna"), reference())
    runner = ToneRunner(sleep=lambda _: None)
    async with serving_voices(tmp_path, runner) as server:
        note = {"input": TEXT, "voice": "anna"}
        refused = await server.ask("POST", "/v1/audio/speech", note)
    assert (refused.status, refused.fields["error"]["code"]) == (400, "unsupported")
    assert set(refused.fields["error"]) == {"message", "type", "param", "code"}


@pytest.mark.anyio
async def test_the_model_that_is_served_is_listed_and_described() -> None:
    _, data = await asked("GET", "/v1/models")
    (model,) = json.loads(data)["data"]
    assert model["id"] == "tone"
    assert json.loads((await asked("GET", "/v1/models/tone"))[1]) == model
