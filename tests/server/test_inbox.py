"""The inbox of an application: bounded while it is emptied, and nobody's prison afterwards."""

from functools import partial

import anyio
import pytest
from hypercorn.typing import ASGIReceiveEvent

from server.transport.inbox import Inbox

pytestmark = pytest.mark.anyio

SIZE = 3


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"  # as hypercorn's tasks


GONE: ASGIReceiveEvent = {"type": "http.disconnect"}


def part(number: int) -> ASGIReceiveEvent:
    return {"type": "http.request", "body": b"%d" % number, "more_body": True}


async def put_all(inbox: Inbox, num_parts: int, num_put: list[int]) -> None:
    for number in range(num_parts):
        await inbox.put(part(number))
        num_put.append(number)


async def test_events_come_in_order_and_no_more_wait_than_there_is_room_for() -> None:
    inbox, put = Inbox(SIZE), list[int]()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(put_all, inbox, 10, put)
        for number in range(10):
            await anyio.wait_all_tasks_blocked()
            assert len(put) == min(number + SIZE, 10)
            assert await inbox.get() == part(number)


async def test_who_takes_waits_for_what_comes() -> None:
    inbox = Inbox(SIZE)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(put_all, inbox, 1, [])
        assert await inbox.get() == part(0)
        await anyio.wait_all_tasks_blocked()
        tasks.start_soon(inbox.put, GONE)
        assert await inbox.get() == GONE


async def test_once_nothing_is_taken_any_more_nobody_waits_for_room() -> None:
    inbox, put = Inbox(SIZE), list[int]()
    async with anyio.create_task_group() as tasks:
        for _ in range(2):
            tasks.start_soon(put_all, inbox, 10, put)
        await anyio.wait_all_tasks_blocked()
        inbox.close()
    assert len(put) == 20


async def test_the_last_event_needs_no_room_and_nothing_comes_after_it() -> None:
    inbox = Inbox(SIZE)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(partial(put_all, inbox, 10, []))
        await anyio.wait_all_tasks_blocked()
        await inbox.put(GONE)
    assert [await inbox.get() for _ in range(SIZE + 1)] == [*map(part, range(SIZE)), GONE]
    with anyio.move_on_after(1.0):
        await inbox.get()
        raise AssertionError("something came after the last event")
