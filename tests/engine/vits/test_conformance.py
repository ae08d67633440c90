"""VITS keeps what the scheduler relies on, as every runner does."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from engine.runner import Runner
from tests.engine.conformance import RunnerConformance
from tests.engine.vits.tiny import make_runner


class TestVits(RunnerConformance):
    @pytest.fixture
    def make_runner(self, checkpoint: Path) -> Callable[[], Runner]:
        return partial(make_runner, checkpoint)

    @pytest.fixture
    def runner(self, make_runner: Callable[[], Runner]) -> Iterator[Runner]:
        runner = make_runner()
        yield runner
        runner.close()
