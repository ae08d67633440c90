"""S1 keeps what the scheduler relies on, as every runner does."""

from collections.abc import Callable, Iterator

import pytest

from engine.runner import Runner
from tests.engine.conformance import RunnerConformance
from tests.engine.s1.speaker import make_runner


class TestS1(RunnerConformance):
    @pytest.fixture
    def make_runner(self) -> Callable[[], Runner]:
        return make_runner

    @pytest.fixture
    def runner(self, make_runner: Callable[[], Runner]) -> Iterator[Runner]:
        runner = make_runner()
        yield runner
        runner.close()
