"""Who is to be told of the end of a job, and what is known of how the queue empties."""

import time

import pytest

from server.jobs.attempts import CRASHED
from server.jobs.job import JobState, LandedAudio
from server.jobs.queue import Claim, UnknownJob
from tests.server.jobs.contract.place import (
    QueuePlace,
    Worker,
    ended,
    fail_for_good,
    job,
    running,
    store,
)

HOOK = "https://example.com/hook"


class TellingContract(QueuePlace):
    async def test_an_end_is_told_by_one_process_at_a_time(self) -> None:
        async with self.opened() as queue:
            await queue.submit([job("a", webhook=HOOK), job("b")])
            now = time.time()
            assert await queue.take_notices(now=now, until=now, limit=9) == []
            async with running(queue, Worker(store)):
                await ended(queue, "a", "b")
            now = time.time()
            (due,) = await queue.take_notices(now=now, until=now + 30, limit=9)
            assert (due.job.id, due.status.state) == ("a", JobState.STORED)
            assert (due.status.notices, due.status.notice_at) == (1, now + 30)
            assert await queue.take_notices(now=now, until=now + 30, limit=9) == []
            # Whoever had it has died.
            (again,) = await queue.take_notices(now=now + 30, until=now + 60, limit=9)
            assert again.status.notices == 2

    async def test_what_was_told_is_told_no_more_and_what_failed_at_its_time(self) -> None:
        async with self.opened() as queue:
            await queue.submit([job("a", webhook=HOOK), job("b", webhook=HOOK)])
            async with running(queue, Worker(fail_for_good)):
                await ended(queue, "a", "b")
            now = time.time()
            due = await queue.take_notices(now=now, until=now + 30, limit=1)
            due += await queue.take_notices(now=now, until=now + 30, limit=1)
            assert {record.job.id for record in due} == {"a", "b"}
            await queue.noticed("a", None)
            await queue.noticed("b", now + 5)
            assert await queue.take_notices(now=now + 4.9, until=now + 99, limit=9) == []
            (late,) = await queue.take_notices(now=now + 5, until=now + 99, limit=9)
            assert late.job.id == "b"
            assert await queue.take_notices(now=now + 98, until=now + 99, limit=9) == []
            with pytest.raises(UnknownJob):
                await queue.noticed("nobody", None)

    async def test_a_job_that_is_sent_again_is_told_of_at_its_next_end(self) -> None:
        async with self.opened() as queue:
            await queue.submit([job("a", webhook=HOOK)])
            await queue.cancel("a")
            await queue.retry("a")
            now = time.time()
            assert await queue.take_notices(now=now, until=now + 30, limit=9) == []
            async with running(queue, Worker(store)):
                await ended(queue, "a")
            now = time.time()
            (due,) = await queue.take_notices(now=now, until=now + 30, limit=9)
            assert (due.status.state, due.status.notices) == (JobState.STORED, 1)
            await queue.remove("a")
            assert await queue.take_notices(now=now + 30, until=now + 60, limit=9) == []

    async def test_who_was_told_of_an_end_is_still_told_of_the_next(self) -> None:
        async with self.opened() as queue:
            await queue.submit([job("a", webhook=HOOK)])
            await queue.cancel("a")
            now = time.time()
            assert await queue.take_notices(now=now, until=now + 30, limit=9)
            # While the webhook is called.
            await queue.retry("a")
            await queue.noticed("a", None)
            await queue.cancel("a")
            await queue.noticed("a", None)
            now = time.time()
            assert await queue.take_notices(now=now, until=now + 30, limit=9)
            await queue.noticed("a", None)
            assert await queue.take_notices(now=now + 60, until=now + 90, limit=9) == []

    async def test_what_has_ended_is_summed_up_for_ever(self) -> None:
        async with self.opened() as queue:
            await queue.submit([job("a", audio_s=2.5), job("b", audio_s=0.25)])
            assert (await queue.stats()).drained_s == 0
            async with running(queue, Worker(store)):
                await ended(queue, "a", "b")
            await queue.remove("a")
            assert (await queue.stats()).drained_s == 2.75
        async with self.opened() as queue:
            assert (await queue.stats()).drained_s == 2.75

    async def test_a_process_that_says_it_dies_charges_a_job_that_it_had_to_itself(self) -> None:
        async def crash(claim: Claim) -> None:
            await claim.begin(is_alone=claim.record.status.is_suspect)
            await claim.crashed()

        async with self.opened() as queue:
            worker = Worker(crash)
            await queue.submit([job("a")])
            async with running(queue, worker):
                (status,) = await ended(queue, "a")
        # Once in company, which only makes it a suspect.
        assert (status.state, status.error, len(worker.ids)) == (JobState.FAILED, CRASHED, 4)

    async def test_how_much_was_made_is_kept_with_what_was_stored(self) -> None:
        async def make(claim: Claim) -> None:
            take = await claim.begin(is_alone=False)
            await claim.progress(1, 0.25)
            await claim.progress(3, 1.25)
            await claim.stored(LandedAudio(take=take, num_bytes=5))

        async with self.opened() as queue:
            await queue.submit([job("a")])
            async with running(queue, Worker(make)):
                await ended(queue, "a")
        async with self.opened() as queue:
            assert (await queue.find("a")).status.made_s == 1.25
