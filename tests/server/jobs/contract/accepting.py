"""What is accepted, what is not, and what can be seen of it."""

import time
from dataclasses import replace

import anyio
import pytest

from server.jobs.job import JobRecord, JobState, JobStatus, Priority
from server.jobs.queue import QueueFull, Receipt, UnknownJob
from tests.server.jobs.contract.place import (
    QueuePlace,
    all_pages,
    ended,
    fail_for_good,
    hold,
    job,
    jobs,
    running,
    status_in,
    store,
)


class AcceptingContract(QueuePlace):
    async def test_what_was_accepted_is_there_as_it_was_for_every_later_process(self) -> None:
        notes = [job("a", webhook="https://example.org/done"), job("b", priority=Priority.HIGH)]
        async with self.opened() as queue:
            assert await queue.submit(notes) == [Receipt.ACCEPTED, Receipt.ACCEPTED]
            assert await queue.find("a") == JobRecord(job=notes[0])
            await self.kill(queue)
        async with self.opened() as queue:
            assert await queue.find("b") == JobRecord(job=notes[1])
            b, c, a = await queue.find_all(["b", "c", "a"])
            assert c is None
            for found, note in ((a, notes[0]), (b, notes[1])):
                assert found is not None
                assert replace(found.job, body=note.body) == note
                assert found.status == JobStatus()

    async def test_what_was_never_accepted_is_unknown(self) -> None:
        async with self.opened() as queue:
            assert await queue.submit([]) == []
            assert await queue.find_all([]) == []
            for ask in (queue.find, queue.cancel, queue.retry, queue.remove):
                with pytest.raises(UnknownJob):
                    await ask("a")

    async def test_an_id_stands_for_one_request(self) -> None:
        first = job("a", audio_s=1.0)
        other = job("a", digest="1" * 64)
        async with self.opened() as queue:
            assert await queue.submit([first, other, job("a")]) == [
                Receipt.ACCEPTED,
                Receipt.CONFLICT,
                Receipt.EXISTING,
            ]
            assert await queue.submit([job("a"), other, job("b")]) == [
                Receipt.EXISTING,
                Receipt.CONFLICT,
                Receipt.ACCEPTED,
            ]
            assert (await queue.find("a")).job == first
            assert (await queue.stats()).queued[Priority.NORMAL] == 2

    async def test_of_a_hundred_that_submit_a_job_at_once_one_is_the_first(self) -> None:
        receipts: list[Receipt] = []
        async with self.opened() as queue:

            async def submit() -> None:
                receipts.extend(await queue.submit([job("a")]))

            async with anyio.create_task_group() as tasks:
                for _ in range(100):
                    tasks.start_soon(submit)
            assert receipts.count(Receipt.ACCEPTED) == 1
            assert receipts.count(Receipt.EXISTING) == 99
            assert (await queue.stats()).queued[Priority.NORMAL] == 1

    async def test_of_what_would_be_too_much_nothing_is_accepted(self) -> None:
        async with self.opened(max_audio_s=10.0) as queue:
            await queue.submit([job("a", audio_s=8.0)])
            with pytest.raises(QueueFull) as refused:
                await queue.submit([job("b", audio_s=2.0), job("c", audio_s=0.5)])
            assert refused.value.excess_s == pytest.approx(0.5)
            assert await queue.find_all(["b", "c"]) == [None, None]
            # What is there already needs no room, and what fits is accepted still.
            assert await queue.submit([job("a", audio_s=8.0), job("b", audio_s=2.0)]) == [
                Receipt.EXISTING,
                Receipt.ACCEPTED,
            ]

    async def test_what_has_ended_makes_room(self) -> None:
        async with self.opened(max_audio_s=10.0) as queue:
            await queue.submit([job("a", audio_s=10.0)])
            await queue.cancel("a")
            await queue.submit([job("b", audio_s=10.0)])
            async with running(queue, store):
                await ended(queue, "b")
            await queue.submit([job("c", audio_s=10.0)])
            async with running(queue, hold):
                await status_in(queue, "c", JobState.RUNNING)
                with pytest.raises(QueueFull):
                    await queue.submit([job("d", audio_s=0.1)])

    async def test_everything_is_counted(self) -> None:
        async with self.opened() as queue:
            empty = await queue.stats()
            assert sum(empty.queued.values()) == empty.running == empty.failed == 0
            assert (empty.audio_s, empty.oldest_at) == (0.0, None)
            await queue.submit([job("f"), job("r", audio_s=4.0)])
            async with running(queue, fail_for_good):
                await ended(queue, "f", "r")
            await queue.retry("r")
            async with running(queue, hold):
                await status_in(queue, "r", JobState.RUNNING)
                oldest = job("a", audio_s=1.5, priority=Priority.LOW)
                await queue.submit([oldest, *jobs("bc"), job("d", priority=Priority.HIGH)])
                stats = await queue.stats()
            assert stats.queued == {Priority.HIGH: 1, Priority.NORMAL: 2, Priority.LOW: 1}
            assert (stats.running, stats.failed) == (1, 1)
            assert stats.audio_s == pytest.approx(4.0 + 1.5 + 3 * 2.5)
            assert stats.oldest_at == pytest.approx(oldest.accepted_at, abs=1e-3)

    async def test_the_newest_come_first_in_pages_and_each_once_while_others_are_added(
        self,
    ) -> None:
        async with self.opened() as queue:
            await queue.submit(jobs("abcdefg"))
            first = await queue.page(limit=3)
            assert [record.job.id for record in first.records] == ["g", "f", "e"]
            await queue.submit(jobs("hij"))
            second = await queue.page(limit=3, cursor=first.next_cursor)
            await queue.submit(jobs("k"))
            third = await queue.page(limit=3, cursor=second.next_cursor)
            later = [record.job.id for record in (*second.records, *third.records)]
            assert later == ["d", "c", "b", "a"]
            assert third.next_cursor is None

    async def test_a_page_is_of_one_state(self) -> None:
        async with self.opened() as queue:
            await queue.submit(jobs("abcdef"))
            for name in "be":
                await queue.cancel(name)
            cancelled = await all_pages(queue, 1, JobState.CANCELLED)
            assert [record.job.id for record in cancelled] == ["e", "b"]
            queued = await all_pages(queue, 3, JobState.QUEUED)
            assert [record.job.id for record in queued] == ["f", "d", "c", "a"]
            assert await all_pages(queue, 3, JobState.STORED) == []

    @pytest.mark.parametrize("cursor", ["", "x", "-1", "1.5", "٣", "9" * 40, "a/b"])
    async def test_a_cursor_that_was_never_given_out_is_refused(self, cursor: str) -> None:
        async with self.opened() as queue:
            await queue.submit(jobs("ab"))
            with pytest.raises(ValueError, match="cursor"):
                await queue.page(limit=1, cursor=cursor)

    async def test_what_ended_before_a_time_is_found_the_oldest_first(self) -> None:
        async with self.opened() as queue:
            await queue.submit(jobs("abcd"))
            for name in "cab":
                await queue.cancel(name)
            now = time.time()
            assert await queue.ended_before(now - 60.0, 10) == []
            gone = await queue.ended_before(now + 60.0, 10)
            assert [record.job.id for record in gone] == ["c", "a", "b"]
            assert await queue.ended_before(now + 60.0, 2) == gone[:2]
