"""Real servers for a real Pipecat, which knows asyncio only."""

import gc
import warnings
from collections.abc import Iterator
from importlib import import_module

import pytest

from tests.helpers.serving import Server, serving

# Its modules warn of each other and of the standard library when they are imported; what our use
# of it deprecates is an error as everywhere.
with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    for name in ("services.tts_service", "processors.aggregators.llm_response_universal"):
        import_module(f"pipecat.{name}")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def sockets_are_collected() -> Iterator[None]:
    """Collect what a client leaves behind while it is still ignored."""
    yield
    gc.collect()


@pytest.fixture(scope="session")
def tone() -> Iterator[Server]:
    with serving("tone") as server:
        yield server


@pytest.fixture(scope="session")
def espeak() -> Iterator[Server]:
    with serving("espeak") as server:
        yield server
