"""Fish's live socket in virtual time: sessions, pacing, and what whoever leaves costs."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import msgpack
import numpy as np
import pytest

from engine.runners import tone
from engine.runners.tone import SAMPLE_RATE_HZ, SAMPLES_PER_CHAR
from protocol.messages import Limits
from server.app import create_app
from server.dialects.fish.audio_messages import MIN_BYTES
from server.dialects.fish.turn import IDLE_S
from server.dialects.paced_stream import LEAD_S
from server.dialects.silence import SILENCE_S
from server.service import Service
from server.timekeeper import PERIOD_S
from server.websocket.socket import SEND_TIMEOUT_S
from tests.helpers.asgi import AsgiCall, AsgiSocket, calling, keeping_time, websocket_scope
from tests.helpers.broken import BadRowRunner
from tests.helpers.virtual_engine import STEP_S
from tests.helpers.virtual_engine_thread import VirtualEngineThread, running

pytestmark = pytest.mark.anyio

TEXT = "Hello there, this is spoken."
LONG = " ".join(["word"] * 400)
PCM = {"format": "pcm", "sample_rate": SAMPLE_RATE_HZ, "normalize": False, "text": ""}
DEFAULTS = Limits()
NUM_SILENT = round(SILENCE_S * SAMPLE_RATE_HZ)


class Caller:
    """A client of the socket."""

    def __init__(self, call: AsgiCall) -> None:
        self.call = call
        self.socket = AsgiSocket(call)

    async def say(self, event: str, **fields: object) -> None:
        await self.socket.send(msgpack.packb({"event": event, **fields}))

    async def hear(self) -> dict[str, Any]:
        with anyio.fail_after(60):
            heard: dict[str, Any] = msgpack.unpackb(await self.socket.receive())
        return heard

    async def whole(self) -> tuple[bytes, str]:
        """Return all audio up to `finish`, and its reason."""
        data = b""
        while True:
            heard = await self.hear()
            if heard["event"] == "audio":
                data += heard["audio"]
            elif heard["event"] == "finish":
                return data, heard["reason"]

    async def speak(self, *texts: str) -> bytes:
        await self.say("start", request=PCM)
        for text in texts:
            await self.say("text", text=text)
        await self.say("stop")
        data, reason = await self.whole()
        assert reason == "stop"
        return data


@asynccontextmanager
async def connected(
    engine: VirtualEngineThread,
    limits: Limits = DEFAULTS,
    *,
    buffer: int = 10_000,
    path: str = "/v1/tts/live",
) -> AsyncIterator[Caller]:
    """Connect a client; it leaves with the block."""
    service = Service(engine.client, limits, clock=anyio.current_time)
    app = create_app(service, is_alive=lambda: engine.is_alive)
    scope = websocket_scope(path=path)
    async with keeping_time(service), calling(app, scope, buffer=buffer) as call:
        caller = Caller(call)
        await caller.socket.handshake()
        try:
            yield caller
        finally:
            caller.socket.vanish()


def num_samples(text: str) -> int:
    return len(text) * SAMPLES_PER_CHAR


async def test_a_socket_outlives_finish_and_takes_the_next_start() -> None:
    async with running(VirtualEngineThread()) as engine, connected(engine) as caller:
        for _ in range(3):
            assert len(await caller.speak(TEXT)) // 2 == num_samples(TEXT)


async def test_text_word_by_word_sounds_as_it_does_at_once() -> None:
    async with running(VirtualEngineThread()) as engine, connected(engine) as caller:
        words = [f"{word} " for word in TEXT.split()]
        found, expected = await caller.speak(*words), await caller.speak("".join(words))
        assert len(found) == len(expected)


async def test_a_flush_is_spoken_at_once_and_an_empty_one_is_nothing() -> None:
    async with running(VirtualEngineThread()) as engine, connected(engine) as caller:
        await caller.say("start", request=PCM)
        await caller.say("flush")
        await caller.say("text", text="Hello")
        await caller.say("flush")
        began_s = anyio.current_time()
        assert (await caller.hear())["event"] == "audio"
        assert anyio.current_time() - began_s < 10 * STEP_S
        await caller.say("flush")
        await caller.say("stop")
        _, reason = await caller.whole()
        assert reason == "stop"


async def test_a_session_without_text_finishes_without_audio() -> None:
    async with running(VirtualEngineThread()) as engine, connected(engine) as caller:
        assert await caller.speak() == b""
        assert await caller.speak(" ") == b""


async def test_a_flush_without_a_sound_is_a_short_silence_and_an_empty_one_is_nothing() -> None:
    async with running(VirtualEngineThread()) as engine, connected(engine) as caller:
        await caller.say("start", request=PCM | {"normalize": True})
        for text in ("🙂", "🎉 ", " ", TEXT, "🙂", ""):
            await caller.say("text", text=text)
            await caller.say("flush")
        await caller.say("stop")
        data, reason = await caller.whole()
        assert reason == "stop"
        assert len(data) // 2 == num_samples(TEXT) + 3 * NUM_SILENT


@pytest.mark.parametrize("texts", [("🙂",), ("🙂", " "), (" ", "🙂")])
async def test_a_session_without_a_sound_is_a_short_silence(texts: tuple[str, ...]) -> None:
    async with running(VirtualEngineThread()) as engine, connected(engine) as caller:
        await caller.say("start", request=PCM | {"normalize": True})
        for text in texts:
            await caller.say("text", text=text)
        await caller.say("stop")
        data, reason = await caller.whole()
        assert reason == "stop"
        assert data == bytes(2 * NUM_SILENT)


async def test_no_message_is_so_short_that_a_client_drops_it() -> None:
    async with running(VirtualEngineThread()) as engine, connected(engine) as caller:
        await caller.say("start", request=PCM | {"sample_rate": 8_000})
        for text in ("A", "b", "c."):
            await caller.say("text", text=text)
            await caller.say("flush")
        await caller.say("stop")
        sizes = []
        while (heard := await caller.hear())["event"] != "finish":
            sizes.append(len(heard["audio"]))
        assert sizes
        assert all(size >= MIN_BYTES and size % 2 == 0 for size in sizes)


async def test_the_header_of_a_wav_comes_once_in_every_session() -> None:
    async with running(VirtualEngineThread()) as engine, connected(engine) as caller:
        for _ in range(2):
            await caller.say("start", request=PCM | {"format": "wav"})
            await caller.say("text", text=TEXT)
            await caller.say("stop")
            data, _ = await caller.whole()
            assert data.startswith(b"RIFF")
            assert data.count(b"RIFF") == 1


async def test_audio_is_paced_once_the_lead_is_reached() -> None:
    async with running(VirtualEngineThread()) as engine, connected(engine) as caller:
        await caller.say("start", request=PCM)
        await caller.say("text", text=LONG)
        await caller.say("stop")
        heard_s, began_s = 0.0, anyio.current_time()
        while (heard := await caller.hear())["event"] != "finish":
            heard_s += len(heard["audio"]) / 2 / SAMPLE_RATE_HZ
            assert heard_s <= anyio.current_time() - began_s + LEAD_S + 0.5
        # What is between segments is not spoken.
        assert heard_s == pytest.approx(num_samples(LONG) / SAMPLE_RATE_HZ, rel=0.05)
        # Nobody ran dry: the last of it came long before it was to be played.
        assert anyio.current_time() - began_s < heard_s - LEAD_S / 2


async def test_a_pause_in_a_call_holds_no_place_and_the_next_text_is_spoken() -> None:
    engine = VirtualEngineThread(max_calls=1)
    async with running(engine), connected(engine) as caller:
        await caller.say("start", request=PCM)
        for _ in range(2):
            await caller.say("text", text=TEXT)
            await caller.say("flush")
            await anyio.sleep(IDLE_S + 2 * PERIOD_S)
            assert engine.scheduler.num_sequences == 0
        await caller.say("stop")
        data, reason = await caller.whole()
        assert reason == "stop"
        assert len(data) // 2 == 2 * num_samples(TEXT)


async def test_whoever_leaves_in_mid_speech_frees_the_engine_within_a_step() -> None:
    engine = VirtualEngineThread()
    async with running(engine):
        async with connected(engine) as caller:
            await caller.say("start", request=PCM)
            await caller.say("text", text=LONG)
            await caller.hear()
            assert engine.scheduler.num_sequences == 1
        await anyio.sleep(2 * STEP_S)
        assert engine.scheduler.num_sequences == 0


async def test_a_start_in_mid_speech_ends_what_was_spoken() -> None:
    async with running(VirtualEngineThread()) as engine, connected(engine) as caller:
        await caller.say("start", request=PCM)
        await caller.say("text", text=LONG)
        await caller.hear()
        await caller.say("start", request=PCM)
        await caller.say("stop")
        _, reason = await caller.whole()
        assert reason == "stop"
        await anyio.sleep(2 * STEP_S)
        assert engine.scheduler.num_sequences == 0


@pytest.mark.parametrize(
    "request_fields",
    [
        {"reference_id": "nobody"},
        {"format": "midi"},
        {"prosody": {"speed": 9}},
        {"sample_rate": 1},
        {"format": "opus", "sample_rate": 44_100},
        {"format": "opus", "sample_rate": 8_001},
        {"format": "mp3", "sample_rate": 8_001},
    ],
)
async def test_what_cannot_be_spoken_is_finished_with_an_error_and_the_socket_stays(
    request_fields: dict[str, object],
) -> None:
    async with running(VirtualEngineThread()) as engine, connected(engine) as caller:
        await caller.say("start", request=PCM | request_fields)
        await caller.say("text", text=TEXT)
        _, reason = await caller.whole()
        assert reason == "error"
        assert len(await caller.speak(TEXT)) // 2 == num_samples(TEXT)


@pytest.mark.parametrize("audio_format", ["mp3", "opus"])
async def test_without_its_codec_a_format_is_finished_with_an_error_and_the_socket_stays(
    audio_format: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    async with running(VirtualEngineThread()) as engine, connected(engine) as caller:
        await caller.say("start", request={"format": audio_format, "text": TEXT})
        heard = await caller.hear()
        assert (heard["event"], "voxline[codecs]" in heard["message"]) == ("log", True)
        assert (await caller.whole())[1] == "error"
        assert len(await caller.speak(TEXT)) // 2 == num_samples(TEXT)


async def test_a_row_that_fails_finishes_its_session_with_an_error() -> None:
    async with (
        running(VirtualEngineThread(BadRowRunner(after=1))) as engine,
        connected(engine) as caller,
    ):
        await caller.say("start", request=PCM)
        await caller.say("text", text=LONG)
        _, reason = await caller.whole()
        assert reason == "error"


async def test_the_text_behind_a_failure_is_spoken_without_another_start() -> None:
    async with (
        running(VirtualEngineThread(BadRowRunner(after=1))) as engine,
        connected(engine) as caller,
    ):
        await caller.say("start", request=PCM | {"text": "Never again. "})
        await caller.say("text", text=LONG)
        assert (await caller.whole())[1] == "error"
        await caller.say("text", text=TEXT)
        await caller.say("stop")
        data, reason = await caller.whole()
        assert reason == "stop"
        assert len(data) // 2 == num_samples(TEXT)


async def test_the_text_behind_a_request_that_was_refused_is_passed_over() -> None:
    async with running(VirtualEngineThread()) as engine, connected(engine) as caller:
        await caller.say("start", request=PCM | {"reference_id": "nobody"})
        assert (await caller.whole())[1] == "error"
        await caller.say("text", text=TEXT)
        assert len(await caller.speak(TEXT)) // 2 == num_samples(TEXT)


@pytest.mark.parametrize("frame", [b"\xc1", b"\x93\x01\x02\x03", "text"])
async def test_what_is_no_event_is_an_error_and_the_socket_stays(frame: bytes | str) -> None:
    async with running(VirtualEngineThread()) as engine, connected(engine) as caller:
        await caller.socket.send(frame)
        assert (await caller.whole())[1] == "error"
        assert await caller.speak(TEXT)


async def test_events_that_nobody_knows_are_passed_over() -> None:
    async with running(VirtualEngineThread()) as engine, connected(engine) as caller:
        await caller.say("ping")
        await caller.say("start", request=PCM)
        await caller.say("metadata", text=TEXT)
        await caller.say("stop")
        assert await caller.whole() == (b"", "stop")


async def test_a_listener_that_stops_reading_costs_a_bounded_lead_and_is_ended() -> None:
    engine = VirtualEngineThread()
    async with running(engine), connected(engine, buffer=4) as caller:
        await caller.say("start", request=PCM)
        await caller.say("text", text=LONG)
        await anyio.sleep(SEND_TIMEOUT_S / 2)
        made = engine.scheduler.num_sequences
        assert made == 1
        await anyio.sleep(SEND_TIMEOUT_S + 2 * PERIOD_S)
        assert engine.scheduler.num_sequences == 0


async def test_who_reads_slowly_keeps_a_place_for_no_longer_than_a_stream_may_last() -> None:
    limits, engine = Limits(max_stream_s=60), VirtualEngineThread()
    async with running(engine), connected(engine, limits, buffer=0) as caller:
        await caller.say("start", request=PCM)
        await caller.say("text", text=LONG)
        began_s = anyio.current_time()
        while (await caller.hear())["event"] != "log":
            assert anyio.current_time() - began_s < 60 + SEND_TIMEOUT_S
            await anyio.sleep(SEND_TIMEOUT_S / 2)
        assert engine.scheduler.num_sequences == 0
        assert (await caller.whole())[1] == "error"
        assert len(await caller.speak(TEXT)) // 2 == num_samples(TEXT)


async def test_text_beyond_the_limit_of_a_stream_is_spoken_by_the_next_one() -> None:
    limits = Limits(max_text_chars=100)
    async with running(VirtualEngineThread()) as engine, connected(engine, limits) as caller:
        texts = [f"This is sentence number {number}." for number in range(12)]
        await caller.say("start", request=PCM)
        samples = 0
        for text in texts:
            await caller.say("text", text=text)
            await caller.say("flush")
            samples += num_samples(text)
            await anyio.sleep(1)
        await caller.say("stop")
        data, reason = await caller.whole()
        assert reason == "stop"
        # What is left at a flush may be filled up with silence.
        assert 0 <= len(data) - 2 * samples < len(texts) * MIN_BYTES


async def test_more_text_than_may_wait_is_an_error() -> None:
    limits = Limits(max_text_chars=100)
    async with running(VirtualEngineThread()) as engine, connected(engine, limits) as caller:
        await caller.say("start", request=PCM)
        await caller.say("text", text="x" * 101)
        assert (await caller.whole())[1] == "error"


async def test_with_timestamps_a_chunk_begins_where_its_samples_do_behind_all_silence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # So short a chunk is filled up, here in one stream and, after a pause, in another.
    monkeypatch.setattr(tone, "SAMPLES_PER_CHAR", 200)
    texts, pauses_s = ("A ", "b ", "c "), (0.5, IDLE_S + 2 * PERIOD_S, 0.5)
    data = b""
    offsets: dict[int, float] = {}
    async with (
        running(VirtualEngineThread()) as engine,
        connected(engine, path="/v1/tts/live/with-timestamp") as caller,
    ):
        await caller.say("start", request=PCM)
        for text, pause_s in zip(texts, pauses_s, strict=True):
            await caller.say("text", text=text)
            await caller.say("flush")
            await anyio.sleep(pause_s)
        await caller.say("stop")
        while (heard := await caller.hear())["event"] != "finish":
            data += heard["audio"]
            offsets.setdefault(heard["chunk_seq"], heard["chunk_audio_offset_sec"])
    pcm = np.frombuffer(data, np.int16)
    (spoken,) = np.nonzero(pcm)
    begins = spoken[np.diff(spoken, prepend=-SAMPLE_RATE_HZ) > 200] / SAMPLE_RATE_HZ
    assert list(offsets.values()) == pytest.approx(list(begins), abs=2e-3)
    assert len(pcm) > 2 * 3 * 200


async def test_with_timestamps_every_word_of_a_chunk_is_told_where_it_is_heard() -> None:
    texts = ("Hello there, this is it. ", "And this comes after a pause.")
    snapshots: dict[int, dict[str, Any]] = {}
    async with (
        running(VirtualEngineThread()) as engine,
        connected(engine, path="/v1/tts/live/with-timestamp") as caller,
    ):
        await caller.say("start", request=PCM)
        for text in texts:
            await caller.say("text", text=text)
            await caller.say("flush")
            await anyio.sleep(IDLE_S + 2 * PERIOD_S)
        await caller.say("stop")
        num_bytes = 0
        while (heard := await caller.hear())["event"] != "finish":
            num_bytes += len(heard["audio"])
            snapshots[heard["chunk_seq"]] = heard
    assert list(snapshots) == [0, 1]
    end_s = 0.0
    for text, heard in zip(texts, snapshots.values(), strict=True):
        assert heard["content"] == text.strip()
        assert 0 <= heard["chunk_audio_offset_sec"] - end_s < MIN_BYTES / 2 / SAMPLE_RATE_HZ
        words = heard["alignment"]["segments"]
        assert " ".join(word["text"] for word in words) == text.strip()
        ends = [0.0, *(word["end"] for word in words)]
        assert [word["start"] for word in words] == ends[:-1]
        assert ends == sorted(ends)
        assert ends[-1] == heard["alignment"]["audio_duration"]
        end_s += ends[-1]
    # Silence that fills a message up is no part of a chunk.
    assert 0 <= num_bytes / 2 / SAMPLE_RATE_HZ - end_s < 2 * MIN_BYTES / SAMPLE_RATE_HZ
