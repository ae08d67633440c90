"""What becomes of the jobs of a process that dies."""

from collections.abc import Sequence

import anyio
import pytest

from server.jobs.attempts import CRASHED
from server.jobs.job import Job, JobState, JobStatus, LandedAudio
from server.jobs.queue import Claim, Handler, NoteQueue, QueueUnreachable, Superseded
from tests.server.jobs.contract.place import (
    QueuePlace,
    Worker,
    claim_only,
    ended,
    hold,
    hold_alone,
    jobs,
    running,
    status_in,
    status_that,
    store,
    until,
)


class DyingContract(QueuePlace):
    async def died_with(
        self, handler: Handler, notes: Sequence[Job] = (), take: int = 1
    ) -> list[JobStatus]:
        """Let a process die while all that waits runs in it, each in its take of that number.

        Returns how it was before.
        """
        async with self.opened() as queue:
            await queue.submit(notes)
            waiting = [record.job.id for record in (await queue.page(limit=100)).records]
            async with running(queue, handler, slots=len(waiting)):
                found = [await begun(queue, name, take) for name in waiting]
                await self.kill(queue)
        return found

    async def test_a_crash_is_charged_to_a_job_that_ran_alone(self) -> None:
        await self.died_with(hold_alone, jobs("a"))
        async with self.opened() as queue:
            worker = Worker(hold)
            async with running(queue, worker):
                await until(lambda: worker.num_active == 1)
                status = await status_in(queue, "a", JobState.RUNNING)
            assert (status.attempts, status.failures, status.error) == (2, 1, CRASHED)
            assert not status.is_suspect

    async def test_a_crash_is_charged_to_none_of_those_that_ran_together(self) -> None:
        found = await self.died_with(hold, jobs("abc"))
        assert [status.attempts for status in found] == [1, 1, 1]
        seen: list[JobStatus] = []

        async def act(claim: Claim) -> None:
            seen.append(claim.record.status)
            await claim_only(claim)

        async with self.opened() as queue:
            async with running(queue, act, slots=3):
                await until(lambda: len(seen) == 3)
            assert all(status.is_suspect for status in seen)
            assert all((status.attempts, status.failures) == (1, 0) for status in seen)

    async def test_a_suspect_begins_alone_or_not_at_all(self) -> None:
        await self.died_with(hold, jobs("a"))

        async def act(claim: Claim) -> None:
            with pytest.raises(Superseded):
                await claim.begin(is_alone=False)
            take = await claim.begin(is_alone=True)
            await claim.stored(LandedAudio(take=take, num_bytes=1))

        async with self.opened() as queue, running(queue, act):
            (status,) = await ended(queue, "a")
        assert (status.state, status.attempts) == (JobState.STORED, 2)

    async def test_the_third_crash_of_a_job_that_ran_alone_is_its_last(self) -> None:
        await self.died_with(hold_alone, jobs("a"))
        for take in (2, 3):
            (status,) = await self.died_with(hold_alone, take=take)
            assert status.is_alone
        async with self.opened() as queue:
            worker = Worker(store)
            await queue.submit(jobs("b"))
            async with running(queue, worker):
                poison, _ = await ended(queue, *"ab")
            assert worker.ids == ["b"]
            assert (poison.state, poison.error) == (JobState.FAILED, CRASHED)
            assert (poison.attempts, poison.failures) == (3, 3)
            assert (await queue.stats()).failed == 1

    async def test_what_was_claimed_and_not_begun_is_neither_charged_nor_suspected(self) -> None:
        async with self.opened() as queue:
            worker = Worker(claim_only)
            await queue.submit(jobs("ab"))
            async with running(queue, worker):
                await until(lambda: worker.num_active == 1)
                await self.kill(queue)
        async with self.opened() as queue:
            worker = Worker(hold)
            async with running(queue, worker, slots=2):
                for name in "ab":
                    status = await status_in(queue, name, JobState.RUNNING)
                    assert (status.attempts, status.failures) == (1, 0)
                    assert not status.is_suspect

    async def test_what_was_being_cancelled_is_not_run_again(self) -> None:
        async with self.opened() as queue:
            going = anyio.Event()

            async def linger(claim: Claim) -> None:
                await claim.begin(is_alone=False)
                with anyio.CancelScope(shield=True):
                    await going.wait()

            await queue.submit(jobs("a"))
            async with running(queue, linger):
                await status_in(queue, "a", JobState.RUNNING)
                assert (await queue.cancel("a")).status.is_cancelling
                await self.kill(queue)
                going.set()
        async with self.opened() as queue:
            worker = Worker(store)
            await queue.submit(jobs("b"))
            async with running(queue, worker):
                cancelled, _ = await ended(queue, *"ab")
            assert cancelled.state is JobState.CANCELLED
            assert worker.ids == ["b"]

    async def test_what_ended_before_a_crash_stays_ended(self) -> None:
        async with self.opened() as queue:
            await queue.submit(jobs("a"))
            async with running(queue, store):
                ends = await ended(queue, "a")
                await self.kill(queue)
        async with self.opened() as queue:
            worker = Worker(store)
            await queue.submit(jobs("b"))
            async with running(queue, worker):
                await ended(queue, "b")
                assert await ended(queue, "a") == ends
            assert worker.ids == ["b"]

    async def test_the_dead_say_nothing(self) -> None:
        old: list[Claim] = []

        async def act(claim: Claim) -> None:
            old.append(claim)
            await hold(claim)

        await self.died_with(act, jobs("a"))
        async with self.opened() as queue:
            worker = Worker(hold_alone)
            async with running(queue, worker):
                status = await begun(queue, "a", 2)
                with pytest.raises((Superseded, QueueUnreachable)):
                    await old[0].stored(LandedAudio(take=1, num_bytes=1))
                assert (await queue.find("a")).status == status


async def begun(queue: NoteQueue, job_id: str, take: int) -> JobStatus:
    """Wait until a take runs: what ran in a process that died may seem to for a while."""
    return await status_that(
        queue,
        job_id,
        lambda status: status.state is JobState.RUNNING and status.attempts == take,
    )
