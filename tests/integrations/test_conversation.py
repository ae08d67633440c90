"""Speeches that play one after another: a few are made, and the others wait for them."""

import anyio
import pytest

from protocol.integrations.conversation import MAX_MADE, MAX_SPEECHES, Conversation
from protocol.integrations.speech import Speech
from tests.integrations.wires import Exchange
from tests.protocol.client.wire import RATE_HZ, pass_time

pytestmark = pytest.mark.anyio


def conversation(num_speeches: int) -> Conversation:
    """Return one whose speeches are named by their numbers, and none of them was played."""
    made = Conversation(RATE_HZ, anyio.current_time)
    for number in range(num_speeches):
        made.add(str(number), Speech(Exchange().link, {}, window_s=2.0))
    return made


async def test_the_first_few_are_made_at_once_and_each_other_when_one_before_it_is_gone() -> None:
    speeches = conversation(MAX_MADE + 2)
    begun: list[str] = []

    async def make(name: str) -> None:
        assert await speeches.wait_turn(name)
        begun.append(name)

    async with anyio.create_task_group() as tasks:
        for name in speeches:
            tasks.start_soon(make, name)
        await pass_time()
        assert sorted(begun) == [str(number) for number in range(MAX_MADE)]
        speeches.cut("0")
        await pass_time()
        assert begun[MAX_MADE:] == [str(MAX_MADE)]
        speeches.cut("1")


async def test_one_that_was_cut_while_it_waited_is_not_made() -> None:
    speeches = conversation(MAX_MADE + 1)
    last = str(MAX_MADE)
    made: list[bool] = []

    async def make() -> None:
        made.append(await speeches.wait_turn(last))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(make)
        await pass_time()
        for name in speeches:
            speeches.cut(name)
    assert made == [False]


async def test_there_is_room_for_one_more_once_one_of_the_most_is_gone() -> None:
    await conversation(MAX_SPEECHES - 1).wait_room()
    full = conversation(MAX_SPEECHES)
    with anyio.move_on_after(1.0) as waiting:
        await full.wait_room()
    assert waiting.cancelled_caught
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(full.wait_room)
        await pass_time()
        full.cut("5")
