"""Several pieces of work end together, and their error is one error."""

import anyio
import pytest

from server.together import together

pytestmark = pytest.mark.anyio


async def test_all_of_them_are_done() -> None:
    done = []

    async def work(name: str, seconds: float) -> None:
        await anyio.sleep(seconds)
        done.append(name)

    await together(lambda: work("slow", 2), lambda: work("fast", 1))
    assert done == ["fast", "slow"]


async def test_the_first_to_fail_ends_the_others_and_is_raised_as_it_is() -> None:
    ended = []

    async def wait() -> None:
        try:
            await anyio.sleep_forever()
        finally:
            ended.append(anyio.current_time())

    async def fail() -> None:
        await anyio.sleep(1)
        raise KeyError("first")

    began = anyio.current_time()
    with pytest.raises(KeyError, match="first"):
        await together(wait, fail, wait)
    assert ended == pytest.approx([began + 1] * 2)


async def test_what_fails_while_it_is_ended_is_not_the_cause() -> None:
    async def fail_late() -> None:
        try:
            await anyio.sleep_forever()
        finally:
            raise ValueError("an echo")

    async def fail() -> None:
        await anyio.sleep(1)
        raise KeyError("first")

    with pytest.raises(KeyError, match="first"):
        await together(fail_late, fail)


async def test_whoever_is_cancelled_raises_nothing() -> None:
    with anyio.move_on_after(1) as scope:
        await together(anyio.sleep_forever, anyio.sleep_forever)
    assert scope.cancelled_caught
