"""What holds for every test: both event loops, no blocking of them, and no silent skips."""

import gc
import inspect
import os
from collections.abc import Generator, Iterator
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import pytest
import trio.testing
from blockbuster import blockbuster_ctx

from tests.helpers.virtual_loop import VirtualTimeLoop

#: Where an optional library is not installed, its tests are left to the step of CI that has it.
collect_ignore = [] if find_spec("pipecat") else ["integrations/pipecat"]

#: More would only make each other wait.
MAX_PROCESSES = 4
#: Only our own code is held to it: libraries may touch a file on their first use.
GUARDED_PACKAGES = ("server", "protocol", "engine")


def pytest_xdist_auto_num_workers() -> int:
    """Run one more than there are cores: a third of a run is spent waiting for servers."""
    return min(len(os.sched_getaffinity(0)) + 1, MAX_PROCESSES)


@pytest.fixture(scope="session", autouse=True)
def _nothing_is_kept() -> Iterator[None]:
    """Leave the home of whoever runs the tests alone: a server is told where to keep what."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VOXLINE_DATA_DIR", "")
        yield


@pytest.fixture
def virtual_time() -> bool:
    """Tell whether the clock jumps to the next deadline as soon as every task waits.

    Tests that wait for real threads or sockets under a timeout return `False` instead.
    """
    return True


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest, virtual_time: bool) -> tuple[str, dict[str, Any]]:
    if request.param == "asyncio":
        return "asyncio", {"loop_factory": VirtualTimeLoop} if virtual_time else {}
    clock = {"clock": trio.testing.MockClock(autojump_threshold=0)}
    return "trio", clock if virtual_time else {}


@pytest.fixture(autouse=True)
def unblocked_event_loop(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail an asynchronous test in which our code blocks asyncio's loop."""
    if not inspect.iscoroutinefunction(getattr(request, "function", None)):
        yield
        return
    with blockbuster_ctx(scanned_modules=list(GUARDED_PACKAGES)):
        yield


def pytest_collection_finish() -> None:
    """Leave what was imported alone: each look at it for garbage would take half a second."""
    # It asks the collector whether somebody keeps trio's source of chance, and so must come first.
    import_module("hypothesis")
    gc.collect()
    gc.freeze()


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("gpu") and not _has_cuda():
        pytest.skip("needs a CUDA device")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if item.get_closest_marker("gpu") is None:
        _refuse_skip(report)
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    _refuse_skip(report)
    return report


def _refuse_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Turn a skip into a failure where CI runs: what it leaves out, nobody runs."""
    if "CI" in os.environ and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, which CI does not accept: {report.longrepr}"


def _has_cuda() -> bool:
    if find_spec("torch") is None:
        return False
    return bool(import_module("torch").cuda.is_available())
