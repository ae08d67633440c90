"""Real servers, one of each model for all tests."""

from collections.abc import Iterator

import pytest

from tests.helpers.serving import Server, serving


@pytest.fixture
def anyio_backend() -> str:
    """The server is a process of its own, and the client's library knows asyncio only."""
    return "asyncio"


@pytest.fixture(scope="session")
def tone() -> Iterator[Server]:
    with serving("tone") as server:
        yield server


@pytest.fixture(scope="session")
def espeak() -> Iterator[Server]:
    with serving("espeak") as server:
        yield server
