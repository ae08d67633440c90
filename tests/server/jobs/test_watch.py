"""Whoever watches a job sees it go forward, and costs the queue nothing."""

from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from itertools import pairwise
from typing import Any, cast

import anyio
import pytest

from server.jobs.job import JobRecord, JobState, JobStatus
from server.jobs.queue import NoteQueue, QueueUnreachable, UnknownJob
from server.jobs.watch import LOOK_S, Watch
from tests.server.jobs.contract.place import job

pytestmark = pytest.mark.anyio


class Looked:
    """A queue that is only looked at, which takes its time."""

    def __init__(self, *job_ids: str) -> None:
        self.records = {each: JobRecord(job=job(each)) for each in job_ids}
        self.asked: list[list[str]] = []
        self.is_reachable = True
        self.takes_s = 0.0

    def change(self, job_id: str, **status: Any) -> None:  # noqa: ANN401 any fields
        record = self.records[job_id]
        self.records[job_id] = replace(record, status=replace(record.status, **status))

    async def find_all(self, job_ids: Sequence[str]) -> list[JobRecord | None]:
        self.asked.append(list(job_ids))
        found = [self.records.get(each) for each in job_ids]
        await anyio.sleep(self.takes_s)
        if not self.is_reachable:
            raise QueueUnreachable
        return found


@asynccontextmanager
async def watching(queue: Looked) -> AsyncIterator[Watch]:
    watch = Watch(cast("NoteQueue", queue))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(watch.run)
        with anyio.fail_after(1_000):
            yield watch
        tasks.cancel_scope.cancel()


async def seen(watch: Watch, job_id: str, into: list[JobStatus]) -> None:
    async with aclosing(watch.changes(job_id)) as changes:
        async for record in changes:
            into.append(record.status)  # noqa: PERF401 seen while it goes on


async def test_a_job_is_seen_as_it_is_and_whenever_it_has_changed_until_it_ends() -> None:
    queue, statuses = Looked("a"), list[JobStatus]()
    async with watching(queue) as watch, anyio.create_task_group() as tasks:
        tasks.start_soon(seen, watch, "a", statuses)
        for attempts in (1, 2):
            await anyio.sleep(10)
            queue.change("a", state=JobState.RUNNING, attempts=attempts)
        await anyio.sleep(10)
        queue.change("a", state=JobState.STORED)
    assert [(each.state, each.attempts) for each in statuses] == [
        (JobState.QUEUED, 0),
        (JobState.RUNNING, 1),
        (JobState.RUNNING, 2),
        (JobState.STORED, 2),
    ]


async def test_hundreds_of_watchers_are_one_question_at_a_time_and_none_is_none() -> None:
    queue = Looked("a")
    async with watching(queue) as watch:
        await anyio.sleep(100)
        assert not queue.asked
        async with anyio.create_task_group() as tasks:
            for _ in range(200):
                tasks.start_soon(seen, watch, "a", [])
            await anyio.sleep(100 * LOOK_S)
            num_looks = len(queue.asked) - 200
            assert 90 <= num_looks <= 101
            queue.change("a", state=JobState.FAILED)
        num_asked = len(queue.asked)
        await anyio.sleep(100)
        assert len(queue.asked) <= num_asked + 1


async def test_nobody_sees_a_job_go_back_to_what_it_was_before_they_asked() -> None:
    queue, early, late = Looked("a"), list[JobStatus](), list[JobStatus]()
    queue.takes_s = 1.0
    async with watching(queue) as watch, anyio.create_task_group() as tasks:
        tasks.start_soon(seen, watch, "a", early)
        await anyio.sleep(3)
        # A look is on its way, which has seen it wait.
        queue.change("a", state=JobState.RUNNING)
        queue.takes_s = 0.0
        tasks.start_soon(seen, watch, "a", late)
        await anyio.sleep(5)
        queue.change("a", state=JobState.STORED)
    assert [each.state for each in late] == [JobState.RUNNING, JobState.STORED]
    assert [each.state for each in early] == [JobState.QUEUED, JobState.RUNNING, JobState.STORED]


async def test_where_nothing_changes_it_is_said_again_even_where_nobody_can_look() -> None:
    queue, times = Looked("a"), list[float]()
    async with watching(queue) as watch, anyio.create_task_group() as tasks:

        async def watch_on() -> None:
            async with aclosing(watch.changes("a", 15)) as changes:
                async for _ in changes:
                    times.append(anyio.current_time())

        tasks.start_soon(watch_on)
        await anyio.sleep(40)
        queue.is_reachable = False
        await anyio.sleep(40)
        tasks.cancel_scope.cancel()
    pauses = [after - before for before, after in pairwise(times)]
    assert pauses == pytest.approx([15] * 5, abs=2 * LOOK_S)


async def test_what_is_unknown_or_becomes_so_is_told() -> None:
    queue, statuses = Looked("a"), list[JobStatus]()
    async with watching(queue) as watch:
        with pytest.raises(UnknownJob):
            await seen(watch, "nobody", statuses)

        async def forget() -> None:
            await anyio.sleep(10)
            del queue.records["a"]

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(forget)
            with pytest.raises(UnknownJob):
                await seen(watch, "a", statuses)
    assert len(statuses) == 1


async def test_a_slow_reader_misses_what_is_in_between_and_not_the_end() -> None:
    queue = Looked("a")
    async with watching(queue) as watch, aclosing(watch.changes("a")) as changes:
        states = [(await anext(changes)).status.state]
        for state in (JobState.RUNNING, JobState.QUEUED, JobState.CANCELLED):
            queue.change("a", state=state)
            await anyio.sleep(10)
        states += [record.status.state async for record in changes]
    assert states == [JobState.QUEUED, JobState.CANCELLED]
