"""A real server for real clients, which know asyncio only."""

import gc
import signal
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from engine.text.normalization.steps import load
from tests.helpers.serving import Server, serving, starting

SERVE = ("server", "serve", "--model", "espeak")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def virtual_time() -> bool:
    return False


@pytest.fixture(scope="session", autouse=True)
def rules_are_loaded() -> None:
    """Do what `voxline serve` does before it serves anybody, for servers in the test's own loop."""
    load()


@pytest.fixture(scope="package", autouse=True)
def sockets_are_collected() -> Iterator[None]:
    """Collect what clients leave behind while it is still ignored."""
    yield
    gc.collect()


@pytest.fixture(scope="session")
def espeak() -> Iterator[Server]:
    with serving("espeak") as server:
        yield server


class MortalServer:
    """A server that dies, and is there again at the same address."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._process = stack.enter_context(starting(*SERVE))

    @property
    def http_url(self) -> str:
        return self._process.server.http_url

    def restart(self) -> None:
        self._process.signal(signal.SIGKILL)
        self._process.wait()
        port = self._process.server.port
        self._process = self._stack.enter_context(starting(*SERVE, port=port))


@pytest.fixture
def mortal() -> Iterator[MortalServer]:
    with ExitStack() as stack:
        yield MortalServer(stack)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let clients leave their sockets to the garbage collector, as some of them do."""
    for item in items:
        item.add_marker(pytest.mark.filterwarnings("ignore::ResourceWarning"))
        item.add_marker(
            pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
        )
