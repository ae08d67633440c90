"""A real server for real clients, which know asyncio only."""

from collections.abc import Iterator

import pytest

from tests.helpers.serving import Server, serving


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def virtual_time() -> bool:
    return False


@pytest.fixture(scope="session")
def espeak() -> Iterator[Server]:
    with serving("espeak") as server:
        yield server


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let clients leave their sockets to the garbage collector, as some of them do."""
    for item in items:
        item.add_marker(pytest.mark.filterwarnings("ignore::ResourceWarning"))
        item.add_marker(
            pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
        )
