"""A connection in virtual time: every limit in time, and that whoever leaves frees the engine."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import pytest

from engine.runners.tone import FRAME_SAMPLES, SAMPLE_RATE_HZ
from engine.steps import FinishReason
from protocol import messages as m
from protocol.codes import ErrorCode
from server.app import create_app
from server.service import Service
from server.stream import Stream
from server.timekeeper import PERIOD_S
from server.websocket.live_stream import LiveStream
from server.websocket.outbox import MAX_OUTBOX
from server.websocket.socket import SEND_TIMEOUT_S
from tests.helpers.asgi import AsgiCall, AsgiSocket, calling, keeping_time, websocket_scope
from tests.helpers.broken import BadRowRunner, BrokenRunner, LostRunner, StuckRunner
from tests.helpers.scarce_runner import ScarceRunner
from tests.helpers.talking import PLENTY, Client, opening
from tests.helpers.virtual_engine import STEP_S, instant_tone
from tests.helpers.virtual_engine_thread import VirtualEngineThread, running

pytestmark = pytest.mark.anyio

#: Shorter than what a test's client waits for an answer, and each different.
LIMITS = m.Limits(stall_s=4.0, idle_connection_s=8.0, idle_stream_s=6.0, max_stream_s=12.0)
#: How late a limit in time may be kept: it begins when it is looked at, and ends so.
LATENESS_S = 2 * PERIOD_S + 0.1
LONG = " ".join(["word"] * 100)


@asynccontextmanager
async def connected(
    engine: VirtualEngineThread, *, buffer: int = 10_000, limits: m.Limits = LIMITS
) -> AsyncIterator[tuple[AsgiCall, Client]]:
    """Connect a client; it leaves with the block."""
    service = Service(engine.client, limits, clock=anyio.current_time)
    app = create_app(service, is_alive=lambda: engine.is_alive)
    async with (
        keeping_time(service),
        calling(app, websocket_scope(m.SUBPROTOCOL), buffer=buffer) as call,
    ):
        socket = AsgiSocket(call)
        await socket.handshake()
        client = Client(socket)
        await client.expect(m.Ready)
        try:
            yield call, client
        finally:
            socket.vanish()


async def test_a_stream_without_credit_is_stalled_and_others_go_on() -> None:
    async with running(VirtualEngineThread()) as engine, connected(engine) as (_, client):
        began_s = anyio.current_time()
        await client.send(opening(1, credit=1_000), m.Text(1, LONG))
        error = await client.expect(m.Error)
        assert (error.stream, error.code) == (1, ErrorCode.STALLED)
        assert LIMITS.stall_s <= anyio.current_time() - began_s <= LIMITS.stall_s + LATENESS_S
        assert engine.scheduler.num_sequences == 0
        await client.speak(opening(2), "Still here.")


async def test_a_grant_ends_the_stall() -> None:
    async with running(VirtualEngineThread()) as engine, connected(engine) as (_, client):
        await client.send(opening(1, credit=1_000), m.Text(1, LONG), m.End(1))
        for upto in (2_000, 3_000, PLENTY):
            await client.expect(m.Blocked)
            await anyio.sleep(LIMITS.stall_s / 2)
            await client.send(m.Credit(1, upto))
        (heard,) = await client.finish(1)
        assert isinstance(heard.end, m.Done)


async def test_a_grant_of_what_is_made_already_is_another_stall_and_ends_as_one() -> None:
    async with running(VirtualEngineThread()) as engine, connected(engine) as (_, client):
        await client.send(opening(1, credit=FRAME_SAMPLES + 1), m.Text(1, LONG), m.End(1))
        await client.expect(m.Blocked)
        await client.send(m.Credit(1, 2 * FRAME_SAMPLES))
        assert await client.expect(m.Blocked) == m.Blocked(1, 2 * FRAME_SAMPLES)
        assert (await client.expect(m.Error)).code is ErrorCode.STALLED


async def test_audio_that_waits_for_a_fuller_message_leaves_before_it_is_missed() -> None:
    runner = StuckRunner(after=13)
    async with running(VirtualEngineThread(runner)) as engine, connected(engine) as (_, client):
        await client.send(opening(1), m.Text(1, LONG))
        await client.expect(m.Audio)
        began_s = anyio.current_time()
        await anyio.sleep(13 * STEP_S)
        await client.settle()
        held = runner.num_samples - client.heard[1].samples
        assert held, "or nothing is held back that this could be shown of"
        while client.heard[1].samples < runner.num_samples:
            await client.expect(m.Audio)
        dry_s = began_s + runner.num_samples / SAMPLE_RATE_HZ
        assert dry_s - anyio.current_time() >= 0.5


async def test_a_stream_is_not_idle_while_it_speaks() -> None:
    async with running(VirtualEngineThread()) as engine, connected(engine) as (_, client):
        await client.send(opening(1, credit=SAMPLE_RATE_HZ), m.Text(1, LONG))
        for second in range(2, 2 + round(1.5 * LIMITS.idle_stream_s)):
            await anyio.sleep(1.0)
            await client.send(m.Credit(1, second * SAMPLE_RATE_HZ))
        await client.settle()
        assert not client.heard[1].of(m.Error)


async def test_a_stream_without_text_is_idle() -> None:
    async with running(VirtualEngineThread()) as engine, connected(engine) as (_, client):
        began_s = anyio.current_time()
        await client.send(opening(1))
        error = await client.expect(m.Error)
        assert (error.stream, error.code) == (1, ErrorCode.IDLE)
        waited_s = anyio.current_time() - began_s
        assert LIMITS.idle_stream_s <= waited_s <= LIMITS.idle_stream_s + LATENESS_S


async def test_a_stream_is_too_old_however_busy_it_is() -> None:
    async with running(VirtualEngineThread()) as engine, connected(engine) as (_, client):
        began_s = anyio.current_time()
        await client.send(opening(1))
        async with anyio.create_task_group() as tasks:

            async def write() -> None:
                while True:
                    await client.send(m.Text(1, "word "))
                    await anyio.sleep(1.0)

            tasks.start_soon(write)
            error = await client.expect(m.Error)
            tasks.cancel_scope.cancel()
        assert (error.stream, error.code) == (1, ErrorCode.TIME_LIMIT)
        waited_s = anyio.current_time() - began_s
        assert LIMITS.max_stream_s <= waited_s <= LIMITS.max_stream_s + LATENESS_S


async def test_a_silent_connection_is_closed_as_idle() -> None:
    async with running(VirtualEngineThread()) as engine, connected(engine) as (_, client):
        began_s = anyio.current_time()
        error = await client.expect(m.Error)
        assert (error.stream, error.code) == (None, ErrorCode.IDLE)
        silent_s = anyio.current_time() - began_s
        assert LIMITS.idle_connection_s <= silent_s <= LIMITS.idle_connection_s + LATENESS_S
        assert await client.closed() == 1008


async def test_a_connection_that_says_something_is_not_idle() -> None:
    async with running(VirtualEngineThread()) as engine, connected(engine) as (_, client):
        for number in range(4):
            await anyio.sleep(LIMITS.idle_connection_s / 2)
            await client.send(m.Ping(number))
            assert await client.receive() == m.Pong(number)


async def test_a_fault_in_keeping_the_limits_ends_the_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("a fault")

    async with running(VirtualEngineThread()) as engine, connected(engine) as (_, client):
        await client.send(opening(1))
        await client.expect(m.Opened)
        monkeypatch.setattr(LiveStream, "expiry", fail)
        error = await client.expect(m.Error)
        assert (error.stream, error.code) == (None, ErrorCode.INTERNAL)
        assert await client.closed() == 1011
        assert engine.scheduler.num_sequences == 0


async def test_who_leaves_frees_the_engine_at_once_even_where_a_send_waits_for_him() -> None:
    async with (
        running(VirtualEngineThread()) as engine,
        connected(engine, buffer=2) as (call, client),
    ):
        await client.send(opening(1, credit=PLENTY), m.Text(1, LONG), m.End(1))
        await anyio.sleep(5 * STEP_S)
        assert engine.scheduler.num_sequences == 1
        client.socket.vanish()
        await anyio.sleep(2 * STEP_S)
        assert engine.scheduler.num_sequences == 0
        assert not call.returned.is_set()
        call.close()


async def test_a_connection_that_waits_for_its_streams_is_not_idle() -> None:
    async with running(VirtualEngineThread()) as engine, connected(engine) as (_, client):
        await client.send(opening(1))
        for _ in range(3):
            await anyio.sleep(LIMITS.idle_connection_s / 2)
            await client.send(m.Ping(1))
        await client.settle()


async def test_whoever_vanishes_frees_every_slot_within_a_step() -> None:
    engine = VirtualEngineThread()
    async with running(engine):
        async with connected(engine) as (call, client):
            for number in (1, 2, 3):
                await client.send(opening(number), m.Text(number, LONG))
                await client.expect(m.Audio)
            assert len(engine.scheduler.slot_owners) == 3
        assert call.returned.is_set()
        await anyio.sleep(2 * STEP_S)
        assert not engine.scheduler.slot_owners
        assert engine.scheduler.num_sequences == 0


async def test_a_cancel_is_answered_before_the_step_ends_and_frees_the_slot_with_it() -> None:
    async with running(VirtualEngineThread()) as engine, connected(engine) as (_, client):
        await client.send(opening(1), m.Text(1, LONG))
        await client.expect(m.Audio)
        began_s = anyio.current_time()
        await client.send(m.Cancel(1))
        await client.expect(m.Cancelled)
        assert anyio.current_time() - began_s < STEP_S
        await anyio.sleep(2 * STEP_S)
        assert not engine.scheduler.slot_owners


async def test_no_audio_message_is_longer_than_a_fifth_of_a_second() -> None:
    async with running(VirtualEngineThread()) as engine, connected(engine) as (_, client):
        heard = await client.speak(opening(1), LONG)
        assert max(len(audio.pcm) // 2 for audio in heard.of(m.Audio)) <= SAMPLE_RATE_HZ // 5


async def test_a_reader_that_does_not_read_holds_up_its_own_streams_alone() -> None:
    async with (
        running(VirtualEngineThread()) as engine,
        connected(engine, buffer=4) as (_, stalled),
        connected(engine) as (_, other),
    ):
        await stalled.send(opening(1, credit=SAMPLE_RATE_HZ), m.Text(1, LONG), m.End(1))
        heard = await other.speak(opening(1), "Nobody waits for the other one.")
        assert isinstance(heard.end, m.Done)


async def test_a_reader_that_takes_nothing_is_given_up() -> None:
    async with (
        running(VirtualEngineThread()) as engine,
        connected(engine, buffer=4, limits=m.Limits()) as (call, client),
    ):
        await client.send(opening(1), m.Text(1, LONG), m.End(1))
        began_s = anyio.current_time()
        with anyio.fail_after(2 * SEND_TIMEOUT_S):
            await call.returned.wait()
        assert anyio.current_time() - began_s >= SEND_TIMEOUT_S
        await anyio.sleep(2 * STEP_S)
        assert engine.scheduler.num_sequences == 0


async def test_questions_whose_answers_nobody_reads_close_the_connection() -> None:
    async with running(VirtualEngineThread()) as engine:
        async with connected(engine, buffer=4) as (call, client):
            await client.send(opening(1))
            for number in range(2 * MAX_OUTBOX):
                await client.send(m.Ping(number))
            with anyio.fail_after(60.0):
                await call.returned.wait()
        await anyio.sleep(2 * STEP_S)
        assert engine.scheduler.num_sequences == 0


async def test_a_broken_engine_is_said_to_every_stream_of_every_connection() -> None:
    engine = VirtualEngineThread(BrokenRunner())

    async def break_it() -> None:
        with pytest.raises(RuntimeError, match="broken"):
            await engine.run()

    async with (
        anyio.create_task_group() as tasks,
        connected(engine) as (_, first),
        connected(engine) as (_, second),
    ):
        for client in (first, second):
            for number in (1, 2):
                await client.send(opening(number), m.Text(number, LONG))
                await client.expect(m.Opened)
        tasks.start_soon(break_it)
        for client in (first, second):
            for heard in await client.finish(1, 2):
                assert isinstance(heard.end, m.Error)
                assert heard.end.code is ErrorCode.ENGINE_FAILED


async def test_a_row_that_fails_ends_its_stream_alone() -> None:
    engine = VirtualEngineThread(BadRowRunner(5))
    async with running(engine), connected(engine) as (_, client):
        await client.send(opening(1), m.Text(1, LONG), m.End(1))
        await client.send(opening(2), m.Text(2, LONG), m.End(2))
        ends = [heard.end for heard in await client.finish(1, 2)]
        (failed,) = [end for end in ends if isinstance(end, m.Error)]
        assert failed.code is ErrorCode.INTERNAL
        assert sum(isinstance(end, m.Done) for end in ends) == 1


async def test_a_call_for_which_there_is_no_memory_is_told_when_to_come_again() -> None:
    engine = VirtualEngineThread(ScarceRunner(instant_tone(), num_pages=300))
    async with running(engine), connected(engine) as (_, client):
        for stream in (1, 2):
            await client.send(opening(stream), m.Text(stream, LONG), m.End(stream))
        first, newest = [heard.end for heard in await client.finish(1, 2)]
        assert isinstance(first, m.Done)
        assert isinstance(newest, m.Error)
        assert (newest.code, newest.retryable) == (ErrorCode.OVERLOADED, True)
        assert newest.retry_after_s is not None


@pytest.mark.parametrize("reason", [FinishReason.LENGTH, FinishReason.REPETITION])
async def test_a_stream_whose_model_lost_its_way_is_done_before_its_text_is(
    reason: FinishReason,
) -> None:
    engine = VirtualEngineThread(LostRunner(reason))
    async with running(engine), connected(engine) as (_, client):
        await client.send(opening(1), m.Text(1, LONG))
        done = await client.expect(m.Done)
        assert (done.stream, done.reason) == (1, reason.value)
        assert done.samples > 0
        # What is on its way meets no error, and the connection goes on.
        await client.send(m.Text(1, LONG), m.End(1))
        assert (await client.speak(opening(2), "Hello there, my friend.")).of(m.Audio)


@pytest.mark.parametrize("rate", [8_003, 11_028, 22_049, 44_100, 47_999])
async def test_any_whole_rate_is_spoken_at(rate: int) -> None:
    async with running(VirtualEngineThread()) as engine, connected(engine) as (_, client):
        heard = await client.speak(opening(1, sample_rate=rate), "Hello there, my friend.")
        assert heard.sample_rate == rate
        assert max(len(audio.pcm) // 2 for audio in heard.of(m.Audio)) <= rate / 5


async def test_what_is_cancelled_in_its_first_word_was_not_heard() -> None:
    async with running(VirtualEngineThread()) as engine, connected(engine) as (_, client):
        await client.send(opening(1, credit=2_000), m.Text(1, "Wonderful weather."), m.End(1))
        await client.expect(m.Blocked)
        await client.send(m.Cancel(1, played=2_000))
        assert await client.expect(m.Cancelled) == m.Cancelled(1, 2_000, 0)


async def test_a_fault_of_the_server_is_said_before_the_close(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    async with running(VirtualEngineThread()) as engine, connected(engine) as (_, client):
        monkeypatch.setattr("server.websocket.session.opening_of", broken)
        await client.send(opening(1))
        error = await client.expect(m.Error)
        assert (error.stream, error.code) == (None, ErrorCode.INTERNAL)
        assert await client.closed() == 1011


async def test_a_malformed_message_while_audio_is_converted_ends_the_connection_quietly(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def slow_convert(stream: Stream) -> None:
        await anyio.sleep(STEP_S)  # as a worker thread that stretches
        await convert(stream)

    convert = Stream.convert
    monkeypatch.setattr(Stream, "convert", slow_convert)
    async with running(VirtualEngineThread()) as engine, connected(engine) as (_, client):
        await client.send(opening(1), m.Text(1, LONG))
        await client.expect(m.Audio)
        error = await client.answer(b"\xc1")
        assert error.code is ErrorCode.BAD_MESSAGE
        assert await client.closed() == 1007
    assert not caplog.records
