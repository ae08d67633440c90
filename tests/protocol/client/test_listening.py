"""What whoever iterates over a stream hears, and when he hears nothing more."""

from typing import SupportsIndex

import anyio
import numpy as np
import pytest

from protocol import Audio, Cancel, Cancelled, Credit, Done, LocalProtocolError, Opened
from protocol.client import ConnectionLost, Stream, StreamBusy, StreamLeft
from protocol.client.stream import LEAVE_TIMEOUT_S
from protocol.fields import MAX_COUNT
from tests.protocol.client.wire import RATE_HZ, Wire, connected, pass_time

pytestmark = pytest.mark.anyio

CHUNK = RATE_HZ // 10


def speak(wire: Wire, num_chunks: int = 3) -> list[Audio]:
    """Accept stream 1 and send it some audio."""
    chunks = [Audio(1, at, bytes(2 * CHUNK)) for at in range(0, num_chunks * CHUNK, CHUNK)]
    wire.say(Opened(1, RATE_HZ), *chunks)
    return chunks


async def answer_cancel(wire: Wire) -> None:
    while not wire.heard(Cancel):
        await pass_time()
    wire.say(Cancelled(1, 3 * CHUNK))


@pytest.mark.parametrize("busy_s", [0.0, 1.5 * LEAVE_TIMEOUT_S], ids=["waiting", "busy"])
@pytest.mark.parametrize("answered", [True, False])
async def test_who_listens_to_a_stream_that_is_left_hears_its_end(
    busy_s: float, answered: bool
) -> None:
    ends: list[str] = []

    async def listen(stream: Stream) -> None:
        try:
            async for _ in stream:
                await pass_time(busy_s)
            ends.append("stopped")
        except StreamLeft:
            ends.append("left")

    async with connected() as (wire, connection), anyio.create_task_group() as tasks:
        async with connection.stream() as stream:
            speak(wire)
            tasks.start_soon(listen, stream)
            await pass_time()
            if answered:
                tasks.start_soon(answer_cancel, wire)
        await pass_time(2 * LEAVE_TIMEOUT_S)
        assert ends == (["stopped"] if answered else ["left"])


async def test_who_waits_for_an_answer_when_the_connection_is_left_hears_that_it_is_lost() -> None:
    async def wait(stream: Stream) -> None:
        with pytest.raises(ConnectionLost, match="owner"):
            await stream.cancel()

    async with (
        connected() as (_, connection),
        connection.stream() as stream,
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(wait, stream)
        await pass_time()
        await connection.leave()


async def test_two_tasks_do_not_iterate_at_once() -> None:
    heard: list[object] = []

    async def listen(stream: Stream) -> None:
        heard.extend([event async for event in stream])

    async with (
        connected() as (wire, connection),
        anyio.create_task_group() as tasks,
        connection.stream() as stream,
    ):
        tasks.start_soon(listen, stream)
        await pass_time()
        with pytest.raises(StreamBusy):
            await anext(stream)
        chunks = speak(wire)
        await pass_time()
        tasks.start_soon(answer_cancel, wire)
    assert heard == chunks


async def test_another_task_may_go_on_where_one_was_cancelled() -> None:
    async with connected() as (wire, connection), connection.stream() as stream:
        with anyio.move_on_after(0.1):
            await anext(stream)
        (first, *_) = speak(wire)
        assert await anext(stream) == first


async def test_from_a_cancel_on_not_even_what_waited_is_heard() -> None:
    async with (
        connected() as (wire, connection),
        anyio.create_task_group() as tasks,
        connection.stream() as stream,
    ):
        speak(wire)
        await anext(stream)
        await pass_time()
        tasks.start_soon(stream.cancel)
        await pass_time()
        tasks.start_soon(answer_cancel, wire)
        assert [event async for event in stream] == []


async def test_a_cancel_silences_a_complete_stream_too() -> None:
    async with connected() as (wire, connection), connection.stream() as stream:
        await stream.end()
        speak(wire)
        wire.say(Done(1, 3 * CHUNK, "end"))
        await anext(stream)
        await pass_time()
        assert await stream.cancel(np.int64(CHUNK)) == Cancelled(1, 3 * CHUNK, heard=0)
        assert [event async for event in stream] == []


@pytest.mark.parametrize("played", [-1, MAX_COUNT + 1, 0.5, np.float32(1), "1"], ids=repr)
async def test_a_cancel_that_is_refused_has_changed_nothing(played: SupportsIndex) -> None:
    async with connected() as (wire, connection), connection.stream() as stream:
        chunks = speak(wire)
        with pytest.raises(LocalProtocolError):
            await stream.cancel(played)
        assert [await anext(stream) for _ in chunks] == chunks
        assert wire.heard(Cancel) == []


async def test_a_cancel_by_a_task_that_was_cancelled_before_has_changed_nothing() -> None:
    async with connected() as (wire, connection), connection.stream() as stream:
        chunks = speak(wire)
        with anyio.CancelScope() as scope:
            scope.cancel()
            await stream.cancel()
        assert [await anext(stream) for _ in chunks] == chunks
        assert wire.heard(Cancel) == []


@pytest.mark.parametrize("played", [-1, 0.999 * CHUNK, "1"], ids=repr)
async def test_a_report_that_is_no_count_is_refused_and_ends_nothing(played: SupportsIndex) -> None:
    async with connected() as (wire, connection), connection.stream(window_s=0.3) as stream:
        chunks = speak(wire)
        with pytest.raises(LocalProtocolError):
            stream.report_played(played)
        assert [await anext(stream) for _ in chunks] == chunks
        await pass_time(1.0)
        assert wire.heard(Credit)


async def test_any_integer_reports_what_was_played() -> None:
    async with connected() as (wire, connection), connection.stream(window_s=0.3) as stream:
        for _ in speak(wire):
            await anext(stream)
        stream.report_played(np.int64(2 * CHUNK))
        await pass_time(0.01)
        assert wire.sent[-1][1] == Credit(1, 5 * CHUNK, 2 * CHUNK)


@pytest.mark.parametrize(
    "options",
    [
        {"window_s": float("nan")},
        {"window_s": float("inf")},
        {"window_s": 0},
        {"window_s": -5},
        {"window_s": "2"},
        {"window_s": MAX_COUNT},
        {"sample_rate": "8000"},
        {"sample_rate": 0.5},
        {"speed": "fast"},
    ],
    ids=str,
)
async def test_an_option_that_makes_no_sense_is_refused_and_opens_nothing(
    options: dict[str, object],
) -> None:
    async with connected() as (wire, connection):
        with pytest.raises(LocalProtocolError):
            await connection.stream(**options).__aenter__()  # type: ignore[arg-type]  # the fault
        assert wire.sent == []
