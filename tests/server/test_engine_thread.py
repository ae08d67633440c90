"""The thread that the watchdog watches."""

import threading
import time

import anyio
import pytest

from engine.errors import EngineFailed
from engine.outputs import Chunk, Output
from engine.request import SynthesisRequest
from engine.runners.tone import ToneRunner
from engine.scheduling.limits import SchedulerLimits
from engine.steps import StepPlan, StepResult
from server.admission import Admission
from server.engine_thread import MAX_STEPS_UNDER_WAY, EngineThread
from tests.helpers.virtual_engine import instant_tone
from tests.helpers.virtual_engine_thread import running

pytestmark = pytest.mark.anyio

WATCHDOG_S = 0.2
LIMITS = SchedulerLimits(num_slots=1, note_floor=1)


@pytest.fixture
def virtual_time() -> bool:
    return False


async def test_preparing_for_longer_than_a_step_may_take_is_no_hang() -> None:
    def prepare() -> None:
        while engine.heartbeat_age_s <= 2 * WATCHDOG_S:
            pass

    engine = EngineThread(
        instant_tone(), LIMITS, Admission(1, 1), prepare=prepare, watchdog_s=WATCHDOG_S
    )
    async with running(engine):
        with anyio.fail_after(10):
            await engine.ready.wait()
        assert engine.is_alive


async def test_an_idle_engine_is_no_hang_however_closely_it_is_watched() -> None:
    engine = EngineThread(instant_tone(), LIMITS, Admission(1, 1), watchdog_s=WATCHDOG_S)
    async with running(engine):
        await engine.ready.wait()
        began_s = time.monotonic()
        while time.monotonic() - began_s < 3 * WATCHDOG_S:
            await anyio.lowlevel.checkpoint()
            assert engine.is_alive


async def test_an_engine_that_has_not_turned_for_too_long_is_not_alive_whoever_knows_it() -> None:
    engine = EngineThread(instant_tone(), LIMITS, Admission(1, 1), watchdog_s=WATCHDOG_S)
    is_alive = [engine.is_alive]
    while engine.heartbeat_age_s < WATCHDOG_S:
        await anyio.lowlevel.checkpoint()
    is_alive.append(engine.is_alive)
    assert is_alive == [True, False]
    assert not engine.client.failed


async def test_an_engine_that_is_never_ready_has_failed() -> None:
    released = threading.Event()

    def hang() -> None:
        released.wait()

    engine = EngineThread(
        instant_tone(), LIMITS, Admission(1, 1), prepare=hang, prepare_limit_s=0.01
    )
    try:
        with pytest.raises(BaseExceptionGroup) as failed:
            await engine.run()
    finally:
        released.set()
    assert failed.value.subgroup(EngineFailed)
    assert engine.client.failed


async def test_a_fault_of_whoever_hears_ends_the_engine() -> None:
    def fail(output: Output) -> None:
        if isinstance(output, Chunk):
            raise ZeroDivisionError

    engine = EngineThread(instant_tone(), LIMITS, Admission(1, 1))
    engine.client.open(SynthesisRequest(voice="tone"), 2**30, fail).append("word " * 100)
    with pytest.raises(BaseExceptionGroup) as failed:
        await engine.run()
    assert failed.value.subgroup(ZeroDivisionError)


async def test_a_loop_that_is_busy_is_given_no_more_than_a_few_steps_at_once() -> None:
    heard: list[Output] = []
    runner = CountingRunner()
    engine = EngineThread(runner, LIMITS, Admission(1, 1))
    async with running(engine):
        await engine.ready.wait()
        utterance = engine.client.open(SynthesisRequest(voice="tone"), 2**30, heard.append)
        utterance.append("word " * 1_000)
        runner.stopped.wait(0.5)  # the loop does nothing else meanwhile
        # One more step is made before it waits, and what the text made true is handed over too.
        assert not heard
        assert 0 < runner.num_steps <= MAX_STEPS_UNDER_WAY + 1
        utterance.cancel()


class CountingRunner(ToneRunner):
    def __init__(self) -> None:
        super().__init__(sleep=lambda _: None)
        self.num_steps = 0
        #: Never set.
        self.stopped = threading.Event()

    def run(self, plan: StepPlan) -> StepResult:
        self.num_steps += bool(plan.rows)
        return super().run(plan)
