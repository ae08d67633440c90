"""Streams that nobody waits for, in virtual time: all of the audio, in few pieces, and no later."""

from collections.abc import AsyncIterator
from contextlib import aclosing

import anyio
import numpy as np
import pytest

from engine.request import ServiceClass
from engine.runners.tone import SAMPLE_RATE_HZ, SAMPLES_PER_CHAR
from engine.steps import Pcm
from protocol.codes import ErrorCode
from protocol.messages import Limits
from server.courtesy import Courtesy
from server.errors import RequestError
from server.notes.gathered_stream import GATHER_S, GatheredStream
from server.parameters import Parameters, Speech, check
from server.pulled_stream import PulledStream
from server.run_ahead import RUN_AHEAD_S
from server.service import Service
from server.stream import HOLD_LOOK_S
from server.stream_events import AudioPiece
from tests.helpers.virtual_engine import STEP_S
from tests.helpers.virtual_engine_thread import VirtualEngineThread, running

pytestmark = pytest.mark.anyio

LONG = " ".join(["word"] * 200)
SHORT = "All of it is made within the time."


@pytest.fixture
async def engine() -> AsyncIterator[VirtualEngineThread]:
    async with running(VirtualEngineThread()) as engine:
        yield engine


def speech_of(engine: VirtualEngineThread, speed: float | None = None) -> Speech:
    info = engine.client.info
    return check(Parameters(speed=speed), info, Limits(), ServiceClass.NOTE)


async def pieces(stream: PulledStream, text: str) -> list[tuple[float, Pcm]]:
    """Speak a text; return its pieces, each with the time at which it came."""
    stream.append(text)
    stream.end()
    async with aclosing(stream.events()) as events:
        return [
            (anyio.current_time(), event.pcm)
            async for event in events
            if isinstance(event, AudioPiece)
        ]


def joined(taken: list[tuple[float, Pcm]]) -> Pcm:
    return np.concatenate([pcm for _, pcm in taken])


@pytest.mark.slow
@pytest.mark.parametrize("speed", [None, 1.5])
async def test_it_is_sample_by_sample_what_is_pulled_at_once(
    engine: VirtualEngineThread, speed: float | None
) -> None:
    pytest.importorskip("av")
    service, speech = Service(engine.client), speech_of(engine, speed)
    gathered = joined(await pieces(GatheredStream(service, speech, "gathered"), LONG))
    # The tone of another sequence is another tone.
    other = VirtualEngineThread()
    async with running(other):
        pulled = joined(await pieces(PulledStream(Service(other.client), speech, "pulled"), LONG))
    assert np.array_equal(gathered, pulled)


class NoCourtesy(Courtesy):
    """Nothing is done by it."""

    async def do(self, *_: object, **__: object) -> None:
        raise AssertionError("it waited for its turn")


async def test_what_a_thread_converts_takes_no_turn_of_the_loop(
    engine: VirtualEngineThread,
) -> None:
    pytest.importorskip("av")
    service = Service(engine.client, courtesy=NoCourtesy())
    assert await pieces(GatheredStream(service, speech_of(engine, 1.5), "fast"), SHORT)


async def test_its_pieces_are_few_and_bounded(engine: VirtualEngineThread) -> None:
    taken = await pieces(GatheredStream(Service(engine.client), speech_of(engine), "one"), LONG)
    longest = round(RUN_AHEAD_S / 2 * SAMPLE_RATE_HZ)
    assert max(len(pcm) for _, pcm in taken) <= longest
    assert len(taken) <= 2 * len(joined(taken)) / longest


async def test_what_is_made_whole_within_the_time_waits_for_no_more(
    engine: VirtualEngineThread,
) -> None:
    began = anyio.current_time()
    await pieces(GatheredStream(Service(engine.client), speech_of(engine), "one"), SHORT)
    assert anyio.current_time() - began < GATHER_S
    assert len(SHORT) * SAMPLES_PER_CHAR > SAMPLE_RATE_HZ


async def test_whoever_listens_hears_the_first_of_it_soon(engine: VirtualEngineThread) -> None:
    began = anyio.current_time()
    taken = await pieces(GatheredStream(Service(engine.client), speech_of(engine), "one"), LONG)
    assert taken[0][0] - began <= GATHER_S + HOLD_LOOK_S + 2 * STEP_S


async def test_one_that_the_engine_loses_fails_at_once(engine: VirtualEngineThread) -> None:
    stream = GatheredStream(Service(engine.client), speech_of(engine), "one")
    failures: list[tuple[float, RequestError]] = []

    async def speak() -> None:
        try:
            await pieces(stream, LONG)
        except RequestError as error:
            failures.append((anyio.current_time(), error))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(speak)
        await anyio.sleep(GATHER_S / 2)
        failed_at = anyio.current_time()
        engine.client.fail("it is gone")
    ((at, error),) = failures
    assert (at, error.code) == (failed_at, ErrorCode.ENGINE_FAILED)


async def test_a_call_takes_nothing_of_it_away(engine: VirtualEngineThread) -> None:
    service = Service(engine.client)
    alone = joined(await pieces(GatheredStream(service, speech_of(engine), "alone"), LONG))
    speech = check(Parameters(), engine.client.info, Limits(), ServiceClass.CALL)
    call = PulledStream(service, speech, "call")
    beside = joined(await pieces(GatheredStream(service, speech_of(engine), "beside"), LONG))
    assert len(beside) == len(alone)
    call.cancel("over")
