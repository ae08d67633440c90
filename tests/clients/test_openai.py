"""OpenAI's client, with nothing changed but its base URL."""

import base64
import json
from collections.abc import Iterator
from io import BytesIO

import pytest
import soundfile
from openai import APIConnectionError, BadRequestError, NotFoundError, OpenAI

from server.dialects.openai.speech import PCM_RATE_HZ
from tests.clients.conftest import MortalServer
from tests.helpers.serving import Server

TEXT = "Hello, this is spoken for a client of OpenAI's."
STOCK_VOICES = (
    "alloy", "ash", "ballad", "cedar", "coral", "echo", "fable", "marin", "nova", "onyx", "sage",
    "shimmer", "verse",
)  # fmt: skip
#: A total that is unknown while it is made, and ADTS, are not for libsndfile.
MAGIC = {"flac": b"fLaC", "aac": b"\xff\xf1"}
#: A word a second at the slowest, five at the fastest.
SECONDS = (1.0, 10.0)


@pytest.fixture
def client(espeak: Server) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{espeak.http_url}/v1", api_key="any", max_retries=0) as client:
        yield client


@pytest.mark.parametrize("name", ["mp3", "opus", "aac", "flac", "wav"])
def test_it_speaks_in_every_format_of_a_file(client: OpenAI, name: str) -> None:
    made = client.audio.speech.create(
        model="tts-1",
        voice="alloy",
        input=TEXT,
        response_format=name,
    ).content
    if name in MAGIC:
        assert made.startswith(MAGIC[name])
        return
    samples, rate_hz = soundfile.read(BytesIO(made))
    assert SECONDS[0] < len(samples) / rate_hz < SECONDS[1]
    assert abs(samples).max() > 0.1


def test_it_streams_pcm_at_24_khz(client: OpenAI) -> None:
    streaming = client.audio.speech.with_streaming_response
    with streaming.create(
        model="gpt-4o-mini-tts",
        voice="nova",
        input=TEXT,
        instructions="Whisper.",
        response_format="pcm",
    ) as response:
        data = b"".join(response.iter_bytes())
    assert SECONDS[0] < len(data) / 2 / PCM_RATE_HZ < SECONDS[1]


@pytest.mark.parametrize("voice", STOCK_VOICES)
def test_every_stock_voice_speaks_without_configuration(client: OpenAI, voice: str) -> None:
    made = client.audio.speech.create(model="tts-1", voice=voice, input="Hi.")
    assert made.content


def test_speed_shortens_what_is_said(client: OpenAI) -> None:
    slow, fast = (
        len(
            client.audio.speech.create(
                model="tts-1", voice="echo", input=TEXT, response_format="pcm", speed=speed
            ).content
        )
        for speed in (1.0, 2.0)
    )
    assert slow / 3 < fast < slow / 1.5


def test_events_carry_the_file(client: OpenAI) -> None:
    streaming = client.audio.speech.with_streaming_response
    with streaming.create(
        model="tts-1", voice="alloy", input=TEXT, response_format="wav", stream_format="sse"
    ) as response:
        lines = [line for line in response.iter_lines() if line]
    events = [json.loads(line.removeprefix("data: ")) for line in lines]
    data = b"".join(base64.b64decode(event.get("audio", "")) for event in events)
    assert data.startswith(b"RIFF")
    assert events[-1]["type"] == "speech.audio.done"


def test_it_is_told_what_it_got_wrong(client: OpenAI) -> None:
    with pytest.raises(BadRequestError) as refused:
        client.audio.speech.create(model="tts-1", voice="nobody", input=TEXT)
    assert refused.value.code == "unknown_voice"
    with pytest.raises(BadRequestError) as refused:
        client.audio.speech.create(model="tts-1", voice="alloy", input=" ")
    assert refused.value.code == "bad_value"


def test_it_lists_the_model(client: OpenAI) -> None:
    assert [model.id for model in client.models.list()] == ["espeak"]
    assert client.models.retrieve("espeak").owned_by == "voxline"
    with pytest.raises(NotFoundError):
        client.models.retrieve("tts-1")


def test_it_may_leave_in_mid_speech_and_come_again(client: OpenAI) -> None:
    streaming = client.audio.speech.with_streaming_response
    with streaming.create(model="tts-1", voice="alloy", input=TEXT * 50) as response:
        next(response.iter_bytes(1_024))
    try:
        assert client.audio.speech.create(model="tts-1", voice="alloy", input=TEXT).content
    except APIConnectionError:
        pytest.fail("the server is gone")


def test_it_speaks_again_where_the_server_was_restarted(mortal: MortalServer) -> None:
    with OpenAI(base_url=f"{mortal.http_url}/v1", api_key="any") as client:
        for restart in (mortal.restart, lambda: None):
            assert client.audio.speech.create(model="tts-1", voice="alloy", input=TEXT).content
            restart()
