"""The thread that the watchdog watches."""

import threading
import time

import anyio
import pytest

from engine.errors import EngineFailed
from engine.scheduling.limits import SchedulerLimits
from server.admission import Admission
from server.engine_thread import EngineThread
from tests.helpers.virtual_engine import instant_tone
from tests.helpers.virtual_engine_thread import running

pytestmark = pytest.mark.anyio

WATCHDOG_S = 0.05
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
