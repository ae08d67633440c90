"""The thread that the watchdog watches."""

import anyio
import pytest

from engine.scheduling.limits import SchedulerLimits
from server.admission import Admission
from server.engine_thread import EngineThread
from tests.helpers.virtual_engine import instant_tone
from tests.helpers.virtual_engine_thread import running

pytestmark = pytest.mark.anyio

WATCHDOG_S = 0.05


@pytest.fixture
def virtual_time() -> bool:
    return False


async def test_preparing_for_longer_than_a_step_may_take_is_no_hang() -> None:
    def prepare() -> None:
        while engine.heartbeat_age_s <= 2 * WATCHDOG_S:
            pass

    limits = SchedulerLimits(num_slots=1, note_floor=1)
    engine = EngineThread(instant_tone(), limits, Admission(1, 1), prepare, WATCHDOG_S)
    async with running(engine):
        with anyio.fail_after(10):
            await engine.ready.wait()
        assert engine.is_alive
