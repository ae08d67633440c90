"""The engine in its thread and its fake in virtual time pass one suite, on both event loops."""

import pytest

from engine.runner import Runner
from engine.scheduling.limits import SchedulerLimits
from server.admission import Admission
from server.engine_thread import EngineThread
from tests.helpers.virtual_engine_thread import VirtualEngineThread
from tests.server.engine_conformance import EngineConformance, MakeEngine

pytestmark = pytest.mark.anyio

LIMITS = SchedulerLimits(num_slots=4, note_floor=1)


class TestEngineThread(EngineConformance):
    @pytest.fixture
    def virtual_time(self) -> bool:
        return False

    @pytest.fixture
    def make_engine(self) -> MakeEngine:
        def make(runner: Runner) -> EngineThread:
            return EngineThread(runner, LIMITS, Admission(2, 2))

        return make


class TestVirtualEngineThread(EngineConformance):
    @pytest.fixture
    def make_engine(self) -> MakeEngine:
        def make(runner: Runner) -> VirtualEngineThread:
            return VirtualEngineThread(runner, LIMITS, max_calls=2, max_notes=2)

        return make
