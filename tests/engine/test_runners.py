"""Every runner passes the same suite: what the scheduler relies on holds for all of them."""

from collections.abc import Callable, Iterator

import pytest

from engine.runner import Runner
from engine.runners.espeak.runner import EspeakRunner
from tests.engine.conformance import RunnerConformance
from tests.helpers.virtual_engine import instant_tone


class TestRunners(RunnerConformance):
    @pytest.fixture(params=[instant_tone, EspeakRunner], ids=["tone", "espeak"])
    def make_runner(self, request: pytest.FixtureRequest) -> Callable[[], Runner]:
        make: Callable[[], Runner] = request.param
        return make

    @pytest.fixture
    def runner(self, make_runner: Callable[[], Runner]) -> Iterator[Runner]:
        runner = make_runner()
        yield runner
        runner.close()
