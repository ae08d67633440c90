"""What is counted and told of a stream, and what never is."""

import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgpack
import pytest
from starlette.types import ASGIApp

from engine.request import ServiceClass
from engine.runners.tone import SAMPLE_RATE_HZ, SAMPLES_PER_CHAR
from engine.scheduling.step_times import StepTimeModel
from protocol import messages as m
from server.app import create_app
from server.logs import JsonFormatter
from server.metered_runner import MeteredRunner
from server.metrics import Metrics
from server.service import Service
from tests.helpers.asgi import AsgiSocket, calling, http_scope, websocket_scope
from tests.helpers.talking import Client, opening
from tests.helpers.virtual_engine import instant_tone
from tests.helpers.virtual_engine_thread import VirtualEngineThread, running

pytestmark = pytest.mark.anyio

TEXT = "The whale is called swordfish."


@asynccontextmanager
async def serving(max_calls: int = 8) -> AsyncIterator[tuple[ASGIApp, Metrics]]:
    metrics = Metrics()
    runner = MeteredRunner(instant_tone(), metrics, StepTimeModel(), num_slots=8)
    async with running(VirtualEngineThread(runner, max_calls=max_calls)) as engine:
        service = Service(engine.client, metrics=metrics)
        yield create_app(service, is_alive=lambda: engine.is_alive), metrics


@asynccontextmanager
async def connected(app: ASGIApp) -> AsyncIterator[Client]:
    async with calling(app, websocket_scope(m.SUBPROTOCOL)) as call:
        socket = AsgiSocket(call)
        await socket.handshake()
        client = Client(socket)
        await client.expect(m.Ready)
        try:
            yield client
        finally:
            socket.vanish()


def value(metrics: Metrics, name: str, **labels: str) -> float:
    return metrics.registry.get_sample_value(f"voxline_{name}", labels) or 0.0


async def test_a_call_is_counted_from_its_opening_to_its_end() -> None:
    async with serving() as (app, metrics), connected(app) as client:
        await client.send(opening(1))
        await client.expect(m.Opened)
        assert value(metrics, "calls_active") == 1
        assert value(metrics, "connections") == 1
        await client.send(m.Text(1, TEXT), m.End(1))
        (heard,) = await client.finish(1)
        assert value(metrics, "calls_active") == 0
        assert value(metrics, "requests_total", kind="call", outcome="ok") == 1
        assert value(metrics, "ttfa_seconds_count", kind="call") == 1
        assert value(metrics, "samples_sent_total") == heard.samples
        assert value(metrics, "samples_generated_total") == heard.samples
        spoken_s = heard.samples / SAMPLE_RATE_HZ
        assert value(metrics, "audio_seconds_total") == pytest.approx(spoken_s)
        assert value(metrics, "step_seconds_count") == value(metrics, "batch_size_count") > 0
    assert value(metrics, "connections") == 0


async def test_what_was_made_for_nothing_is_counted_by_how_far_it_came() -> None:
    async with serving() as (app, metrics), connected(app) as client:
        await client.send(opening(1, credit=SAMPLE_RATE_HZ), m.Text(1, "x" * 60), m.End(1))
        await client.expect(m.Blocked)
        await client.send(m.Cancel(1, played=SAMPLE_RATE_HZ // 4))
        await client.expect(m.Cancelled)
        unplayed = value(metrics, "audio_cancelled_seconds_total", stage="sent_unplayed")
        assert unplayed == pytest.approx(0.75)
        unsent = value(metrics, "audio_cancelled_seconds_total", stage="generated_unsent")
        generated = value(metrics, "samples_generated_total")
        assert unsent == pytest.approx(generated / SAMPLE_RATE_HZ - 1.0)
        assert value(metrics, "cancel_latency_seconds_count") == 1
        assert value(metrics, "credit_stalls_total") == 1
        assert value(metrics, "requests_total", kind="call", outcome="cancelled") == 1


def stories(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    """Return the lines that tell a request."""
    lines = [json.loads(JsonFormatter().format(record)) for record in caplog.records]
    return [line for line in lines if line["logger"] == "voxline.request"]


async def test_a_refusal_is_counted_by_its_code_and_told_as_any_request(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    async with serving(max_calls=1) as (app, metrics), connected(app) as client:
        await client.send(opening(1), opening(2), opening(3, voice="nobody"))
        for _ in range(2):
            await client.expect(m.Error)
        await client.answer(msgpack.packb({"type": "open", "stream": 4, "class": "x"}))
        for code in ("overloaded", "unknown_voice", "bad_value"):
            assert value(metrics, "rejected_total", reason=code) == 1
        assert value(metrics, "calls_active") == 1
        async with calling(app, http_scope("POST", "/v1/notes")) as call:
            call.put(type="http.request", body=b"{}", more_body=False)
            assert (await call.get())["status"] == 422
    told = [(line["kind"], line["outcome"]) for line in stories(caplog)]
    assert told == [
        ("call", "overloaded"),
        ("call", "unknown_voice"),
        ("call", "bad_value"),
        ("note", "bad_value"),
        ("call", "disconnected"),
    ]
    assert len({line["request_id"] for line in stories(caplog)}) == len(told)


async def test_a_stream_that_was_spoken_to_its_end_is_no_waste() -> None:
    async with serving() as (app, metrics), connected(app) as client:
        await client.send(opening(1), m.Text(1, TEXT), m.Credit(1, 2**31 - 1, 0), m.End(1))
        await client.finish(1)
        for stage in ("sent_unplayed", "generated_unsent"):
            assert not value(metrics, "audio_cancelled_seconds_total", stage=stage)


@pytest.mark.parametrize("ending", ["vanish", "cancel", "done"])
async def test_no_stream_stays_open_in_the_books(ending: str) -> None:
    async with serving() as (app, metrics):
        async with connected(app) as client:
            await client.send(opening(1), m.Text(1, TEXT))
            await client.expect(m.Audio)
            if ending == "cancel":
                await client.send(m.Cancel(1))
                await client.expect(m.Cancelled)
            elif ending == "done":
                await client.send(m.End(1))
                await client.finish(1)
        assert value(metrics, "calls_active") == 0


async def test_one_line_tells_a_note_and_nothing_of_its_text(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    async with serving() as (app, metrics):
        headers = {"x-request-id": "note-7"}
        async with calling(app, http_scope("POST", "/v1/notes", headers)) as call:
            body = json.dumps({"text": TEXT, "voice": "tone"}).encode()
            call.put(type="http.request", body=body, more_body=False)
            while (await call.get()).get("more_body", True):
                pass
        assert value(metrics, "requests_total", kind="note", outcome="ok") == 1
    (line,) = stories(caplog)
    assert line["request_id"] == "note-7"
    assert line["kind"] == ServiceClass.NOTE.value
    assert line["outcome"] == "ok"
    assert line["chars"] == len(TEXT)
    assert line["audio_s"] == pytest.approx(
        len(TEXT) * SAMPLES_PER_CHAR / SAMPLE_RATE_HZ, abs=0.001
    )
    assert line["first_audio_ms"] >= 0
    assert "swordfish" not in caplog.text
    assert "swordfish" not in json.dumps(line)


async def test_the_page_is_prometheus_text_with_a_bounded_number_of_series() -> None:
    async with serving() as (app, metrics), connected(app) as client:
        before = len(metrics.render().splitlines())
        for number in range(1, 31):
            await client.speak(opening(number), "Hi.")
        async with calling(app, http_scope("GET", "/metrics")) as call:
            call.put(type="http.request", body=b"", more_body=False)
            start, body = await call.get(), await call.get()
        assert start["status"] == 200
        assert dict(start["headers"])[b"content-type"].startswith(b"text/plain; version=")
        assert b"voxline_ttfa_seconds_bucket" in body["body"]
        assert len(metrics.render().splitlines()) < before + 40
