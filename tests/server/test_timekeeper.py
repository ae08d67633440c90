"""One task keeps the limits of all."""

from itertools import pairwise

import anyio
import pytest

from server.timekeeper import PERIOD_S, Timekeeper

pytestmark = pytest.mark.anyio


async def test_everybody_is_looked_at_once_in_a_period_and_at_different_times() -> None:
    looks: tuple[list[float], list[float]] = ([], [])
    keeper = Timekeeper()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(keeper.run)
        with keeper.watching(looks[0].append), keeper.watching(looks[1].append):
            await anyio.sleep(3.5 * PERIOD_S)
        await anyio.sleep(2 * PERIOD_S)
        tasks.cancel_scope.cancel()
    for times in looks:
        assert len(times) in {3, 4}
        gaps = [later - earlier for earlier, later in pairwise(times)]
        assert gaps == pytest.approx([PERIOD_S] * len(gaps))
    assert looks[0][0] != looks[1][0]


async def test_who_wants_to_look_twice_looks_at_even_distances() -> None:
    looks: list[float] = []
    keeper = Timekeeper()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(keeper.run)
        with keeper.watching(looks.append, times=2):
            await anyio.sleep(3.2 * PERIOD_S)
        num_looks = len(looks)
        await anyio.sleep(2 * PERIOD_S)
        tasks.cancel_scope.cancel()
    assert num_looks == len(looks) in {6, 7}
    gaps = [later - earlier for earlier, later in pairwise(looks)]
    assert gaps == pytest.approx([PERIOD_S / 2] * len(gaps))


async def test_one_whose_look_fails_takes_nobodys_limit_away() -> None:
    looks: list[float] = []

    def fail(_: float) -> None:
        raise RuntimeError("a fault")

    keeper = Timekeeper()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(keeper.run)
        with keeper.watching(fail), keeper.watching(looks.append):
            await anyio.sleep(2.5 * PERIOD_S)
        tasks.cancel_scope.cancel()
    assert len(looks) >= 2
