"""A process that stops while it finds a job: nobody would cancel what it begins then."""

from collections.abc import Awaitable, Callable
from typing import Any, cast

import anyio
import pytest

from server.jobs.queue import Claim
from server.jobs.redis.connection import Connection
from server.jobs.redis.records import Records
from server.jobs.redis.runner import Runner
from server.jobs.redis.task_end import TaskEnd

pytestmark = pytest.mark.anyio


class SlowConnection:
    """Finds a job, but not before it is told to."""

    def __init__(self) -> None:
        self.asked, self.answers = anyio.Event(), anyio.Event()

    async def ask(self, _: Callable[[Any], Awaitable[Any]]) -> object:
        self.asked.set()
        await self.answers.wait()
        return object()


async def test_a_job_that_is_found_while_the_process_stops_is_given_back_and_not_run() -> None:
    connection = SlowConnection()
    handled: list[Claim] = []
    ends: list[TaskEnd] = []

    async def handle(claim: Claim) -> None:
        handled.append(claim)

    runner = Runner(cast("Connection", connection), cast("Records", None), handle)

    async def run_task() -> None:
        ends.append(await runner.run_task("a", 0))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(run_task)
        await connection.asked.wait()
        with anyio.CancelScope() as stopping:
            stopping.cancel()
            await runner.watch()
        connection.answers.set()
    assert ends == [TaskEnd.RELEASED]
    assert handled == []
