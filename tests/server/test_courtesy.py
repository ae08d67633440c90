"""Work that nobody waits for: a slice at a time, and with rests while there are calls."""

import math

import anyio
import anyio.lowlevel
import pytest

from server.courtesy import MAX_REST_S, Courtesy

pytestmark = pytest.mark.anyio


async def work() -> None:
    """Take no time of the loop's clock."""


async def elapsed_s(courtesy: Courtesy, num_slices: int, *, num_calls: int) -> float:
    """Return how long so many slices took that were asked for at once."""
    began = anyio.current_time()
    async with anyio.create_task_group() as tasks:
        for _ in range(num_slices):
            tasks.start_soon(lambda: courtesy.do(work, num_calls=num_calls))
    return anyio.current_time() - began


async def test_without_calls_nothing_rests() -> None:
    assert await elapsed_s(Courtesy(rest_per_call=1e9), 100, num_calls=0) == 0.0


async def test_beside_calls_it_rests_after_each_slice_and_never_for_long() -> None:
    courtesy = Courtesy(rest_per_call=1e9)
    assert math.isclose(await elapsed_s(courtesy, 100, num_calls=1), 100 * MAX_REST_S)


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
            tasks.start_soon(lambda: courtesy.do(slice_, num_calls=0))
        tasks.start_soon(somebody)
    # Trio shuffles who has a turn: the last of one and the first of the next may be slices.
    assert "slice slice slice" not in " ".join(order)


async def test_a_slice_that_fails_or_is_cancelled_stands_in_nobodys_way() -> None:
    courtesy = Courtesy()

    async def fails() -> None:
        raise ValueError("a slice")

    with pytest.raises(ValueError, match="a slice"):
        await courtesy.do(fails, num_calls=1)
    with anyio.move_on_after(0.01):
        await courtesy.do(anyio.sleep_forever, num_calls=1)
    with anyio.fail_after(1):
        await courtesy.do(work, num_calls=1)
