"""The collector of cycles waits for a moment in which nobody listens."""

import gc
import weakref
from collections.abc import Iterator

import anyio
import pytest

from server.garbage import PERIOD_S, collect_when_idle

pytestmark = pytest.mark.anyio


class Node:
    """Holds itself."""

    def __init__(self) -> None:
        self.me = self


@pytest.fixture(autouse=True)
def settings() -> Iterator[None]:
    thresholds = gc.get_threshold()
    gc.disable()
    yield
    gc.unfreeze()
    gc.set_threshold(*thresholds)
    gc.enable()


@pytest.mark.parametrize("is_idle", [True, False])
async def test_what_a_fault_leaves_is_found_once_the_server_is_idle(is_idle: bool) -> None:
    node = weakref.ref(Node())
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(collect_when_idle, lambda: is_idle)
        await anyio.sleep(1.5 * PERIOD_S)
        tasks.cancel_scope.cancel()
    assert (node() is None) == is_idle
