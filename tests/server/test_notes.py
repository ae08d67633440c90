"""Notes in virtual time: what a client that leaves, stalls or lies costs the engine."""

import json
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import anyio
import pytest
from starlette.types import ASGIApp, Message

from engine.runners.tone import SAMPLE_RATE_HZ, SAMPLES_PER_CHAR
from protocol.messages import Limits
from server.app import create_app
from server.audio.formats import AudioFormat
from server.bodies.arriving import BODY_TIMEOUT_S, LARGEST_AT_ONCE, max_body_bytes
from server.notes.file_response import SEND_TIMEOUT_S
from server.run_ahead import RUN_AHEAD_S
from server.service import Service
from server.voices.recording import MAX_AUDIO_BYTES
from tests.helpers.asgi import AsgiCall, calling, http_scope
from tests.helpers.broken import BadRowRunner, BrokenRunner
from tests.helpers.scarce_runner import ScarceRunner
from tests.helpers.virtual_engine import STEP_S, instant_tone
from tests.helpers.virtual_engine_thread import VirtualEngineThread, running

pytestmark = pytest.mark.anyio

SHORT = "A note that is whole."
LONG = " ".join(["word"] * 200)
POST = http_scope("POST", "/v1/notes", {"content-type": "application/json"})
WAV_HEADER_BYTES = 44
DEFAULTS = Limits()
MAX_BODY_BYTES = max_body_bytes(DEFAULTS.max_text_chars, MAX_AUDIO_BYTES)
PART_BYTES = MAX_BODY_BYTES // 20
#: Parts that fill all the room for what arrives, but for less than any body.
CROWD = 20 * LARGEST_AT_ONCE


@asynccontextmanager
async def serving(engine: VirtualEngineThread, limits: Limits = DEFAULTS) -> AsyncIterator[ASGIApp]:
    async with running(engine):
        yield create_app(Service(engine.client, limits), is_alive=lambda: engine.is_alive)


def post(call: AsgiCall, **fields: object) -> None:
    body = json.dumps({"text": LONG, **fields}).encode()
    call.put(type="http.request", body=body, more_body=False)


async def answer(call: AsgiCall) -> tuple[int, dict[str, object]]:
    """Take a whole response that is a problem."""
    start, body = await call.get(), await call.get()
    assert dict(start["headers"])[b"content-type"] == b"application/problem+json"
    return start["status"], json.loads(body["body"])


async def whole(call: AsgiCall) -> tuple[int, bytes]:
    """Take a whole response."""
    status, data = (await call.get())["status"], b""
    while True:
        part = await call.get()
        data += part["body"]
        if not part.get("more_body", False):
            return status, data


def num_bytes(parts: list[Message]) -> int:
    return sum(len(part["body"]) for part in parts)


async def test_a_note_comes_whole_and_frees_its_place() -> None:
    engine = VirtualEngineThread(max_notes=1)
    async with serving(engine) as app:
        for _ in range(2):
            async with calling(app, POST) as call:
                post(call, text=SHORT)
                status, data = await whole(call)
            assert status == 200
            assert len(data) == WAV_HEADER_BYTES + 2 * len(SHORT) * SAMPLES_PER_CHAR
    assert engine.scheduler.num_sequences == 0


@pytest.mark.parametrize("audio_format", AudioFormat)
async def test_without_pyav_there_is_every_format_that_needs_no_worker_thread(
    audio_format: AudioFormat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    monkeypatch.setattr("server.audio.file_encoder.to_thread", None)
    async with serving(VirtualEngineThread()) as app, calling(app, POST) as call:
        post(call, text=SHORT, format=audio_format.value)
        status, _ = await whole(call)
    assert (status == 200) is (audio_format.value in {"wav", "pcm", "mulaw", "alaw"})


@pytest.mark.parametrize("num_parts", [0, 1, 5])
async def test_whoever_leaves_frees_the_slot_within_a_step(num_parts: int) -> None:
    engine = VirtualEngineThread()
    async with serving(engine) as app:
        async with calling(app, POST) as call:
            post(call)
            for _ in range(num_parts):
                await call.get()
            await anyio.sleep(STEP_S / 2)
            call.put(type="http.disconnect")
        await anyio.sleep(2 * STEP_S)
        assert not engine.scheduler.slot_owners
        assert engine.scheduler.num_sequences == 0


async def test_a_reader_that_stops_stops_the_engine_and_is_given_up() -> None:
    engine = VirtualEngineThread()
    async with serving(engine) as app:
        async with calling(app, POST, buffer=2) as call:
            post(call)
            assert (await call.get())["status"] == 200
            await anyio.sleep(SEND_TIMEOUT_S / 2)
            assert engine.scheduler.num_sequences == 1
            made = [await call.get() for _ in range(2)]
            with anyio.fail_after(2 * SEND_TIMEOUT_S):
                await call.returned.wait()
        assert num_bytes(made) < 2 * RUN_AHEAD_S * SAMPLE_RATE_HZ
        await anyio.sleep(2 * STEP_S)
        assert engine.scheduler.num_sequences == 0


async def test_a_reader_that_takes_little_by_little_has_so_long_and_no_longer() -> None:
    engine = VirtualEngineThread()
    async with serving(engine, Limits(max_stream_s=60.0)) as app:
        async with calling(app, POST, buffer=2) as call:
            post(call)
            began_s = anyio.current_time()
            with anyio.fail_after(120):
                while not call.returned.is_set():
                    assert (await call.get()).get("more_body", True)
                    with anyio.move_on_after(SEND_TIMEOUT_S / 2):
                        await call.returned.wait()
            assert anyio.current_time() - began_s == pytest.approx(60.0, abs=0.1)
        await anyio.sleep(2 * STEP_S)
        assert engine.scheduler.num_sequences == 0


async def test_a_note_that_never_begins_is_told_so() -> None:
    engine = VirtualEngineThread()
    app = create_app(Service(engine.client), is_alive=lambda: engine.is_alive)
    async with calling(app, POST) as call:
        began_s = anyio.current_time()
        post(call)
        with anyio.fail_after(2 * DEFAULTS.max_stream_s):
            status, problem = await answer(call)
        assert (status, problem["code"]) == (503, "time_limit")
        assert anyio.current_time() - began_s == pytest.approx(DEFAULTS.max_stream_s, abs=0.1)


async def test_a_body_that_never_comes_is_given_up() -> None:
    async with serving(VirtualEngineThread()) as app, calling(app, POST) as call:
        began_s = anyio.current_time()
        call.put(type="http.request", body=b'{"text": ', more_body=True)
        status, problem = await answer(call)
        assert (status, problem["code"]) == (408, "stalled")
        assert anyio.current_time() - began_s == pytest.approx(BODY_TIMEOUT_S, abs=0.1)


async def test_a_body_without_end_is_refused_at_its_limit() -> None:
    async with serving(VirtualEngineThread()) as app, calling(app, POST) as call:
        for _ in range(MAX_BODY_BYTES // PART_BYTES + 1):
            call.put(type="http.request", body=bytes(PART_BYTES), more_body=True)
        status, problem = await answer(call)
        assert (status, problem["code"]) == (413, "text_too_long")


async def test_the_longest_text_fits_however_it_is_written() -> None:
    async with serving(VirtualEngineThread()) as app, calling(app, POST) as call:
        post(call, text="\N{GRINNING FACE}" * DEFAULTS.max_text_chars)
        assert (await call.get())["status"] == 200
        call.put(type="http.disconnect")


async def test_bodies_that_never_end_hold_so_much_and_no_more() -> None:
    async with serving(VirtualEngineThread()) as app, AsyncExitStack() as crowd:
        for _ in range(CROWD):
            call = await crowd.enter_async_context(calling(app, POST))
            call.put(type="http.request", body=bytes(PART_BYTES), more_body=True)
        await anyio.wait_all_tasks_blocked()
        async with calling(app, POST) as late:
            post(late)
            start, body = await late.get(), await late.get()
            assert (start["status"], json.loads(body["body"])["code"]) == (503, "overloaded")
            assert int(dict(start["headers"])[b"retry-after"]) > 0
        await anyio.sleep(BODY_TIMEOUT_S)
        async with calling(app, POST) as later:
            post(later, text=SHORT)
            assert (await whole(later))[0] == 200


async def test_bodies_that_ended_hold_nothing() -> None:
    async with serving(VirtualEngineThread()) as app:
        for _ in range(CROWD + 1):
            async with calling(app, POST) as call:
                call.put(type="http.request", body=b" " * PART_BYTES, more_body=False)
                assert (await answer(call))[0] == 400


async def test_a_failure_before_the_first_audio_is_a_status() -> None:
    async with serving(VirtualEngineThread(BadRowRunner(0))) as app, calling(app, POST) as call:
        post(call)
        status, problem = await answer(call)
        assert (status, problem["code"]) == (500, "internal")


async def test_a_note_for_which_there_is_no_memory_is_told_when_to_come_again() -> None:
    engine = VirtualEngineThread(ScarceRunner(instant_tone(), num_pages=0))
    async with serving(engine) as app, calling(app, POST) as call:
        post(call)
        start = await call.get()
        assert start["status"] == 503
        assert int(dict(start["headers"])[b"retry-after"]) >= 1


async def test_a_failure_after_the_first_audio_leaves_the_body_without_end() -> None:
    engine = VirtualEngineThread(BadRowRunner(2))
    async with serving(engine) as app:
        async with calling(app, POST) as call:
            post(call)
            start = await call.get()
            await call.returned.wait()
            parts = call.rest()
        assert start["status"] == 200
        assert parts
        assert all(part["more_body"] for part in parts)
        assert engine.scheduler.num_sequences == 0


async def test_an_engine_that_is_gone_is_a_status() -> None:
    engine = VirtualEngineThread(BrokenRunner())
    app = create_app(Service(engine.client), is_alive=lambda: engine.is_alive)

    async def break_it() -> None:
        with pytest.raises(RuntimeError, match="broken"):
            await engine.run()

    async with calling(app, POST) as call, anyio.create_task_group() as tasks:
        tasks.start_soon(break_it)
        post(call)
        status, problem = await answer(call)
        assert (status, problem["code"]) == (503, "engine_failed")
    async with calling(app, POST) as call:
        post(call)
        assert (await answer(call))[0] == 503
    for path in ("/livez", "/readyz"):
        async with calling(app, http_scope("GET", path)) as call:
            assert (await call.get())["status"] == 503
