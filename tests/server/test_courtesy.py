"""Work that nobody waits for: a slice at a time, and with rests while there are calls."""

import math

import anyio
import anyio.lowlevel
import pytest

from server.courtesy import MAX_REST_S, Courtesy

pytestmark = pytest.mark.anyio


async def work() -> None:
    """Take no time of the loop's clock."""


async def elapsed_s(courtesy: Courtesy, num_slices: int, *, has_calls: bool) -> float:
    """Return how long so many slices took that were asked for at once."""
    began = anyio.current_time()
    async with anyio.create_task_group() as tasks:
        for _ in range(num_slices):
            tasks.start_soon(lambda: courtesy.do(work, has_calls=has_calls))
    return anyio.current_time() - began


async def test_without_calls_nothing_rests() -> None:
    assert await elapsed_s(Courtesy(share=1e-9), 100, has_calls=False) == 0.0


async def test_beside_calls_it_rests_after_each_slice_and_never_for_long() -> None:
    courtesy = Courtesy(share=1e-9)
    assert math.isclose(await elapsed_s(courtesy, 100, has_calls=True), 100 * MAX_REST_S)


async def test_others_have_their_turns_of_the_loop_between_slices() -> None:
    courtesy, order = Courtesy(), list[str]()

    async def slice_() -> None:
        order.append("slice")

    async def somebody() -> None:
        for _ in range(20):
            order.append("other")
            await anyio.lowlevel.checkpoint()

    async with anyio.create_task_group() as tasks:
        for _ in range(10):
            tasks.start_soon(lambda: courtesy.do(slice_, has_calls=False))
        tasks.start_soon(somebody)
    # Trio shuffles who has a turn: the last of one and the first of the next may be slices.
    assert "slice slice slice" not in " ".join(order)


async def test_a_slice_that_fails_or_is_cancelled_stands_in_nobodys_way() -> None:
    courtesy = Courtesy()

    async def fails() -> None:
        raise ValueError("a slice")

    with pytest.raises(ValueError, match="a slice"):
        await courtesy.do(fails, has_calls=True)
    with anyio.move_on_after(0.01):
        await courtesy.do(anyio.sleep_forever, has_calls=True)
    with anyio.fail_after(1):
        await courtesy.do(work, has_calls=True)
