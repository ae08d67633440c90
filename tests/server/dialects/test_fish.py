"""Fish's clients ask in their words, and get what they expect."""

import base64
import json
from typing import Any

import msgpack
import pytest

from engine.request import Sampling
from protocol.codes import ErrorCode
from protocol.messages import Reference
from server.audio.formats import AudioFormat
from server.dialects.fish.errors import error_response
from server.dialects.fish.speech import FishDialect
from server.dialects.silence import SILENCE_S
from server.errors import RequestError
from server.notes.request import NoteRequest
from tests.helpers.asgi import calling, http_scope
from tests.helpers.virtual_engine import instant_tone
from tests.helpers.virtual_engine_thread import VirtualEngineThread
from tests.server.test_notes import serving, whole

TEXT = "Hello there."
MAX_CHARS = 100
TIMED = "/v1/tts/stream/with-timestamp"
JSON = {"content-type": "application/json"}
MSGPACK = {"content-type": "application/msgpack"}
#: As the newer SDK sends it, every default in it.
SDK = {
    "text": TEXT,
    "chunk_length": 200,
    "format": "mp3",
    "mp3_bitrate": 128,
    "opus_bitrate": 32,
    "references": [],
    "normalize": True,
    "latency": "balanced",
    "top_p": 0.7,
    "temperature": 0.7,
    "repetition_penalty": 1.2,
    "max_new_tokens": 1024,
    "min_chunk_length": 50,
    "condition_on_previous_chunks": True,
    "early_stop_threshold": 1.0,
}
AUDIO = b"RIFF"
MODEL = instant_tone().info


def parsed(**fields: object) -> NoteRequest:
    body = msgpack.packb(SDK | fields)
    return FishDialect(MODEL, MAX_CHARS).parse(bytearray(body), MSGPACK)


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({}, {"format": AudioFormat.MP3, "rate": 44_100, "voice": None, "type": "audio/mpeg"}),
        ({"format": "wav"}, {"format": AudioFormat.WAV, "rate": 44_100, "type": "audio/wav"}),
        ({"format": "pcm", "sample_rate": 16_000},
         {"rate": 16_000, "type": "application/octet-stream"}),
        ({"format": "opus"}, {"format": AudioFormat.OPUS, "rate": 48_000, "type": "audio/ogg"}),
        ({"reference_id": "anna"}, {"voice": "anna", "references": ()}),
        ({"references": [{"audio": AUDIO, "text": "x"}]}, {"references": (Reference(AUDIO, "x"),)}),
        ({"references": [{"audio": AUDIO, "text": "x"}, {"audio": b"", "text": "y"}]},
         {"references": (Reference(AUDIO, "x"), Reference(b"", "y"))}),
        ({"references": [{"audio": AUDIO, "text": "x"}], "reference_id": "anna"},
         {"voice": "anna", "references": ()}),
        ({"prosody": {"speed": 1.5, "volume": -6, "normalize_loudness": True}},
         {"speed": 1.5, "volume": -6.0}),
        ({"prosody": None, "references": None, "reference_id": None}, {"speed": None}),
        ({"features": ["quality-guard"], "latency": "low"}, {"voice": None}),
        ({}, {"bit_rate": 128_000}),
        ({"mp3_bitrate": None}, {"bit_rate": 128_000}),
        ({"mp3_bitrate": 192}, {"bit_rate": 192_000}),
        ({"format": "opus"}, {"bit_rate": 32_000}),
        ({"format": "opus", "opus_bitrate": 24}, {"bit_rate": 24_000}),
        ({"format": "opus", "opus_bitrate": 64_000}, {"bit_rate": 64_000}),
        ({"format": "opus", "opus_bitrate": -1000}, {"bit_rate": 32_000}),
        ({"format": "wav", "mp3_bitrate": 64}, {"bit_rate": None}),
        ({}, {"may_normalize": True}),
        ({"normalize": None}, {"may_normalize": True}),
        ({"normalize": False}, {"may_normalize": False}),
    ],
)  # fmt: skip
def test_every_field_is_understood(fields: dict[str, object], found: dict[str, object]) -> None:
    note = parsed(**fields)
    told = {
        "format": note.format,
        "rate": note.parameters.sample_rate,
        "voice": note.parameters.voice,
        "references": note.parameters.references,
        "speed": note.parameters.speed,
        "volume": note.parameters.volume_db,
        "type": note.reply.media_type,
        "bit_rate": note.bit_rate,
        "may_normalize": note.parameters.may_normalize,
    }
    assert note.text == TEXT
    assert {name: told[name] for name in found} == found


def test_a_model_that_does_not_sample_is_not_asked_to() -> None:
    assert parsed().parameters.sampling == Sampling()


def test_audio_in_json_is_base64() -> None:
    audio = base64.b64encode(AUDIO).decode()
    body = json.dumps({"text": TEXT, "references": [{"audio": audio, "text": "x"}]}).encode()
    note = FishDialect(MODEL, MAX_CHARS).parse(bytearray(body), JSON)
    assert note.parameters.references == (Reference(AUDIO, "x"),)


@pytest.mark.parametrize(
    ("fields", "code", "named"),
    [
        ({"text": ""}, ErrorCode.BAD_VALUE, "text"),
        ({"text": 7}, ErrorCode.BAD_VALUE, "text"),
        ({"text": "x" * 101}, ErrorCode.TEXT_TOO_LONG, "text"),
        ({"format": "midi"}, ErrorCode.BAD_VALUE, "format"),
        ({"prosody": 3}, ErrorCode.BAD_VALUE, "prosody"),
        ({"references": {}}, ErrorCode.BAD_VALUE, "references"),
        ({"references": [{"audio": AUDIO}]}, ErrorCode.BAD_VALUE, "references"),
        ({"references": [{"audio": AUDIO, "text": "x"}] * 5}, ErrorCode.BAD_VALUE, "references"),
        ({"sample_rate": "high"}, ErrorCode.BAD_VALUE, "sample_rate"),
        ({"mp3_bitrate": 7}, ErrorCode.BAD_VALUE, "mp3_bitrate: must be one of 64, 128, 192"),
        ({"mp3_bitrate": 64.0}, ErrorCode.BAD_VALUE, "mp3_bitrate"),
        ({"opus_bitrate": "low"}, ErrorCode.BAD_VALUE, "opus_bitrate"),
        ({"normalize": "yes"}, ErrorCode.BAD_VALUE, "normalize"),
    ],
)
def test_what_cannot_be_understood_is_named(
    fields: dict[str, object], code: ErrorCode, named: str
) -> None:
    with pytest.raises(RequestError, match=named) as refused:
        parsed(**fields)
    assert refused.value.code is code


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (ErrorCode.BAD_VALUE, 400),
        (ErrorCode.UNKNOWN_VOICE, 400),
        (ErrorCode.UNAUTHORIZED, 401),
        (ErrorCode.QUOTA, 429),
        (ErrorCode.OVERLOADED, 503),
    ],
)
def test_an_error_has_two_fields_and_no_other(code: ErrorCode, status: int) -> None:
    response = error_response(RequestError(code, "It is so."))
    assert response.status_code == status
    assert json.loads(bytes(response.body)) == {"status": status, "message": "It is so."}


async def asked(
    body: dict[str, object], method: str = "POST", path: str = "/v1/tts"
) -> tuple[int, Any]:
    engine = VirtualEngineThread()
    scope = http_scope(method, path, MSGPACK)
    async with serving(engine) as app, calling(app, scope) as call:
        call.put(type="http.request", body=msgpack.packb(body), more_body=False)
        return await whole(call)


@pytest.mark.anyio
async def test_the_file_is_that_of_a_note_of_ours() -> None:
    status, data = await asked({"text": TEXT, "format": "wav", "sample_rate": 24_000})
    assert status == 200
    engine = VirtualEngineThread()
    async with (
        serving(engine) as app,
        calling(app, http_scope("POST", "/v1/notes", JSON)) as call,
    ):
        call.put(type="http.request", body=json.dumps({"text": TEXT}).encode(), more_body=False)
        assert await whole(call) == (200, data)


@pytest.mark.anyio
async def test_with_timestamps_the_events_are_the_file_and_tell_each_word_of_it() -> None:
    text = "Hello there, this is the first of two sentences. And this is the other one."
    body: dict[str, object] = {"text": text, "format": "wav"}
    status, data = await asked(body, path=TIMED)
    assert status == 200
    lines = data.decode().split("\n\n")
    assert lines.pop() == ""
    events = [json.loads(line.removeprefix("data: ")) for line in lines]
    file = b"".join(base64.b64decode(event["audio_base64"]) for event in events)
    assert await asked(body) == (200, file)
    last = {event["chunk_seq"]: event for event in events}
    assert " ".join(event["content"] for event in last.values()) == text
    end_s = 0.0
    for event in last.values():
        assert event["chunk_audio_offset_sec"] == pytest.approx(end_s, abs=2e-3)
        words = event["alignment"]["segments"]
        assert " ".join(word["text"] for word in words) == event["content"]
        assert words[-1]["end"] == event["alignment"]["audio_duration"]
        end_s += event["alignment"]["audio_duration"]
    assert end_s == pytest.approx((len(file) - 44) / 2 / 44_100, abs=2e-3)


@pytest.mark.anyio
async def test_a_text_without_a_sound_is_a_short_silence_which_timestamps_count() -> None:
    body: dict[str, object] = {"text": "🙂", "format": "pcm", "sample_rate": 8_000}
    silence = bytes(2 * round(SILENCE_S * 8_000))
    assert await asked(body) == (200, silence)
    status, data = await asked(body, path=TIMED)
    event = json.loads(data.removeprefix(b"data: "))
    assert (status, base64.b64decode(event["audio_base64"])) == (200, silence)
    assert event["alignment"]["audio_duration"] == SILENCE_S


@pytest.mark.anyio
@pytest.mark.parametrize("path", ["/v1/tts", TIMED])
@pytest.mark.parametrize(
    ("method", "body", "status"),
    [
        ("POST", SDK | {"reference_id": "nobody"}, 400),
        ("POST", SDK | {"prosody": {"speed": 9}}, 400),
        ("GET", SDK, 405),
    ],
)
async def test_a_refusal_comes_before_the_200_and_in_their_shape(
    method: str, body: dict[str, object], status: int, path: str
) -> None:
    found, data = await asked(body, method, path)
    assert found == status
    assert set(json.loads(data)) == {"status", "message"}
