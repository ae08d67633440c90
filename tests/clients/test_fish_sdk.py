"""Fish Audio's SDK, both of its modules, with nothing changed but the base URL."""

import base64
import json
import re
from collections.abc import AsyncIterator, Iterator
from io import BytesIO

import httpx
import pytest
import soundfile
from fish_audio_sdk import HttpCodeErr, Session, TTSRequest, WebSocketErr, WebSocketSession
from fishaudio import AsyncFishAudio, FishAudio
from fishaudio.exceptions import APIError, WebSocketError
from fishaudio.types import FlushEvent, TTSConfig
from httpx_ws import WebSocketNetworkError

from tests.clients.conftest import MortalServer
from tests.helpers.serving import Server

TEXT = "Hello, this is spoken for a client of Fish. It has two sentences."
#: Five minutes: a call is never as far ahead.
LONG = f"{TEXT} " * 50
SECONDS = (1.0, 12.0)


@pytest.fixture
def client(espeak: Server) -> Iterator[FishAudio]:
    client = FishAudio(base_url=espeak.http_url, api_key="any")
    yield client
    client.close()


def words(text: str = TEXT) -> Iterator[str]:
    for word in text.split():
        yield f"{word} "


def seconds(file: bytes) -> float:
    samples, rate_hz = soundfile.read(BytesIO(file))
    assert abs(samples).max() > 0.1
    return float(len(samples) / rate_hz)


@pytest.mark.parametrize("name", ["mp3", "wav", "opus"])
def test_it_speaks_in_every_format_of_a_file(client: FishAudio, name: str) -> None:
    made = client.tts.convert(text=TEXT, config=TTSConfig(format=name))
    assert SECONDS[0] < seconds(made) < SECONDS[1]


def test_pcm_has_the_rate_that_was_asked_for(client: FishAudio) -> None:
    sizes = [
        len(client.tts.convert(text=TEXT, config=TTSConfig(format="pcm", sample_rate=rate_hz)))
        for rate_hz in (8_000, 16_000)
    ]
    assert sizes[1] == pytest.approx(2 * sizes[0], rel=0.01)


@pytest.mark.parametrize(
    ("name", "field", "rates"),
    [("mp3", "mp3_bitrate", (64, 192)), ("opus", "opus_bitrate", (24, 64))],
)
def test_a_file_and_a_call_have_the_bit_rate_that_was_asked_for(
    client: FishAudio, name: str, field: str, rates: tuple[int, int]
) -> None:
    configs = [TTSConfig(format=name, **{field: rate}) for rate in rates]
    files = [len(client.tts.convert(text=TEXT, config=config)) for config in configs]
    calls = [
        len(b"".join(client.tts.stream_websocket(words(), config=config))) for config in configs
    ]
    for low, high in (files, calls):
        # Of opus, it is what the codec aims at.
        assert high > 2 * low


def test_text_is_written_out_unless_it_is_not_to_be(client: FishAudio) -> None:
    text = "That is $3.50 for **K8s**."
    made = [
        client.tts.convert(text=said, config=TTSConfig(format="wav", normalize=normalize))
        for said, normalize in (
            (text, True),
            ("That is three dollars and fifty cents for K8s.", False),
            (text, False),
        )
    ]
    assert made[0] == made[1] != made[2]


def test_with_timestamps_events_tell_each_word_of_the_file(espeak: Server) -> None:
    address = f"{espeak.http_url}/v1/tts/stream/with-timestamp"
    fields = {"text": TEXT, "format": "wav"}
    with httpx.stream("POST", address, json=fields, timeout=60, trust_env=False) as response:
        assert response.headers["content-type"] == "text/event-stream"
        lines = filter(None, response.iter_lines())
        events = [json.loads(line.removeprefix("data: ")) for line in lines]
    file = b"".join(base64.b64decode(event["audio_base64"]) for event in events)
    last = {event["chunk_seq"]: event for event in events}.values()
    heard = [word["text"] for event in last for word in event["alignment"]["segments"]]
    assert " ".join(event["content"] for event in last) == TEXT
    assert heard == re.findall(r"\w+", TEXT)
    end = max(
        event["chunk_audio_offset_sec"] + event["alignment"]["audio_duration"] for event in last
    )
    assert end == pytest.approx((len(file) - 44) / 2 / 44_100, abs=0.01)


def test_live_text_comes_word_by_word(client: FishAudio) -> None:
    config = TTSConfig(format="wav")
    made = b"".join(client.tts.stream_websocket(words(), config=config))
    assert SECONDS[0] < seconds(made) < SECONDS[1]


def test_a_flush_speaks_what_is_there(client: FishAudio) -> None:
    def flushed() -> Iterator[str | FlushEvent]:
        for word in ("Hello ", "there "):
            yield word
            yield FlushEvent()

    made = b"".join(client.tts.stream_websocket(flushed(), config=TTSConfig(format="wav")))
    assert seconds(made) > 0.5


def test_it_is_told_what_it_got_wrong(client: FishAudio) -> None:
    with pytest.raises(APIError, match="no voice 'nobody'"):
        client.tts.convert(text=TEXT, reference_id="nobody")
    with pytest.raises(WebSocketError):
        list(client.tts.stream_websocket(words(), reference_id="nobody"))


def test_it_may_leave_in_mid_speech_and_come_again(client: FishAudio) -> None:
    for _ in range(3):
        stream = client.tts.stream_websocket(words(LONG))
        next(stream)
        stream.close()
    assert client.tts.convert(text=TEXT)


@pytest.mark.anyio
async def test_its_asynchronous_client_may_leave_in_mid_speech(espeak: Server) -> None:
    async def long() -> AsyncIterator[str]:
        for _ in range(50):
            yield TEXT

    client = AsyncFishAudio(base_url=espeak.http_url, api_key="any")
    stream = client.tts.stream_websocket(long())
    await anext(stream)
    # It complains of its own way to leave.
    with pytest.raises(BaseExceptionGroup):
        await stream.aclose()
    assert await client.tts.convert(text=TEXT)
    await client.close()


def test_the_older_module_speaks_and_is_told_what_it_got_wrong(espeak: Server) -> None:
    session = Session("any", base_url=espeak.http_url)
    made = b"".join(session.tts(TTSRequest(text=TEXT)))
    assert SECONDS[0] < seconds(made) < SECONDS[1]
    with pytest.raises(HttpCodeErr) as refused:
        list(session.tts(TTSRequest(text=TEXT, reference_id="nobody")))
    assert refused.value.status == 400


def test_the_older_module_speaks_live(espeak: Server) -> None:
    with WebSocketSession("any", base_url=espeak.http_url) as session:
        made = b"".join(session.tts(TTSRequest(text="", format="wav"), words()))
    assert SECONDS[0] < seconds(made) < SECONDS[1]


def test_the_older_module_is_told_live_what_it_got_wrong(espeak: Server) -> None:
    request = TTSRequest(text="", reference_id="nobody")
    with (
        WebSocketSession("any", base_url=espeak.http_url) as session,
        pytest.raises(WebSocketErr),
    ):
        list(session.tts(request, words()))


def test_the_older_module_may_leave_in_mid_speech_and_come_again(espeak: Server) -> None:
    session = Session("any", base_url=espeak.http_url)
    for _ in range(3):
        stream = session.tts(TTSRequest(text=LONG))
        next(stream)
        stream.close()
    assert b"".join(session.tts(TTSRequest(text=TEXT)))


def test_both_modules_speak_again_where_the_server_died_in_mid_speech(
    mortal: MortalServer,
) -> None:
    client = FishAudio(base_url=mortal.http_url, api_key="any")
    request = TTSRequest(text="", format="wav")
    with WebSocketSession("any", base_url=mortal.http_url) as session:
        streams = [
            client.tts.stream_websocket(words(LONG)),
            session.tts(request, words(LONG)),
        ]
        for stream in streams:
            next(stream)
        mortal.restart()
        for stream in streams:
            with pytest.raises(WebSocketNetworkError):
                list(stream)
        assert client.tts.convert(text=TEXT)
        made = b"".join(session.tts(request, words()))
    assert SECONDS[0] < seconds(made) < SECONDS[1]
    client.close()
