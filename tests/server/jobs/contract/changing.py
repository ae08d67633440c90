"""What may be done with a job from outside: cancelling, sending again, removing, being late."""

import anyio
import pytest

from server.jobs.attempts import EXPIRED
from server.jobs.job import JobState, LandedAudio
from server.jobs.queue import Claim, Receipt, Superseded, UnknownJob, WrongState
from tests.server.jobs.contract.place import (
    QueuePlace,
    Worker,
    claim_only,
    ended,
    fail_for_good,
    hold,
    job,
    jobs,
    running,
    status_in,
    store,
    until,
)


class ChangingContract(QueuePlace):
    async def test_what_waits_is_cancelled_at_once_and_never_run(self) -> None:
        async with self.opened() as queue:
            worker = Worker(store)
            await queue.submit(jobs("abc"))
            record = await queue.cancel("b")
            assert record == await queue.find("b")
            assert record.status.state is JobState.CANCELLED
            assert record.status.ended_at is not None
            assert await queue.cancel("b") == record
            async with running(queue, worker):
                await ended(queue, *"abc")
            assert worker.ids == ["a", "c"]

    async def test_what_runs_is_cancelled_with_its_handler_and_others_are_not(self) -> None:
        cancelled: list[str] = []

        async def act(claim: Claim) -> None:
            await claim.begin(is_alone=False)
            try:
                await anyio.sleep_forever()
            except anyio.get_cancelled_exc_class():
                cancelled.append(claim.record.job.id)
                raise

        async with self.opened() as queue:
            worker = Worker(act)
            await queue.submit(jobs("abc"))
            async with running(queue, worker, slots=2):
                await status_in(queue, "b", JobState.RUNNING)
                status = (await queue.cancel("a")).status
                assert status.is_cancelling or status.state is JobState.CANCELLED
                (status,) = await ended(queue, "a")
                assert cancelled == ["a"]
                assert status.state is JobState.CANCELLED
                assert not status.is_cancelling
                # Its slot is free for the next.
                await status_in(queue, "c", JobState.RUNNING)
                assert (await queue.find("b")).status.state is JobState.RUNNING
            assert sorted(worker.ids) == list("abc")

    async def test_what_was_claimed_and_is_cancelled_then_does_not_begin(self) -> None:
        refused: list[str] = []
        go_on = anyio.Event()

        async def act(claim: Claim) -> None:
            with anyio.CancelScope(shield=True):
                await go_on.wait()
                with pytest.raises(Superseded):
                    await claim.begin(is_alone=False)
                refused.append(claim.record.job.id)

        async with self.opened() as queue:
            worker = Worker(act)
            await queue.submit(jobs("a"))
            async with running(queue, worker):
                await until(lambda: worker.num_active == 1)
                await queue.cancel("a")
                await status_in(queue, "a", JobState.CANCELLED)
                go_on.set()
                await until(lambda: refused == ["a"])
            assert (await queue.find("a")).status.attempts == 0

    async def test_the_handler_of_what_was_only_claimed_is_cancelled_too(self) -> None:
        async with self.opened() as queue:
            worker = Worker(claim_only)
            await queue.submit(jobs("ab"))
            async with running(queue, worker):
                await until(lambda: worker.ids == ["a"])
                await queue.cancel("a")
                await until(lambda: worker.ids == ["a", "b"])
            assert (await queue.find("a")).status.state is JobState.CANCELLED

    @pytest.mark.parametrize("act", [store, fail_for_good])
    async def test_what_has_ended_otherwise_cannot_be_cancelled(self, act: Worker) -> None:
        async with self.opened() as queue:
            await queue.submit(jobs("a"))
            async with running(queue, act):
                (status,) = await ended(queue, "a")
            with pytest.raises(WrongState, match=f"the note is {status.state.value}"):
                await queue.cancel("a")
            assert (await queue.find("a")).status == status

    async def test_what_failed_is_sent_again_with_all_its_tries(self) -> None:
        async with self.opened() as queue:
            await queue.submit(jobs("a"))
            async with running(queue, fail_for_good):
                await ended(queue, "a")
            record = await queue.retry("a")
            assert record == await queue.find("a")
            status = record.status
            assert (status.state, status.failures, status.error) == (JobState.QUEUED, 0, None)
            async with running(queue, store):
                (status,) = await ended(queue, "a")
            assert status.state is JobState.STORED
            # Takes are numbered on: what is still heard of the first is not mistaken for it.
            assert status.audio == LandedAudio(take=2, num_bytes=100)

    async def test_what_was_cancelled_is_sent_again_while_somebody_runs_jobs(self) -> None:
        async with self.opened() as queue:
            worker = Worker(store)
            await queue.submit(jobs("a"))
            await queue.cancel("a")
            async with running(queue, worker):
                await queue.retry("a")
                (status,) = await ended(queue, "a")
            assert status.state is JobState.STORED

    async def test_what_has_not_failed_is_not_sent_again(self) -> None:
        async with self.opened() as queue:
            await queue.submit(jobs("a"))
            with pytest.raises(WrongState, match="the note is queued"):
                await queue.retry("a")
            async with running(queue, store):
                await ended(queue, "a")
            with pytest.raises(WrongState, match="stored"):
                await queue.retry("a")
            await queue.submit(jobs("b"))
            async with running(queue, hold):
                await status_in(queue, "b", JobState.RUNNING)
                with pytest.raises(WrongState, match="running"):
                    await queue.retry("b")

    async def test_what_is_retired_is_not_sent_again_and_can_be_removed(self) -> None:
        async with self.opened() as queue:
            await queue.submit(jobs("a"))
            with pytest.raises(WrongState, match="the note is queued"):
                await queue.retire("a")
            ended_at = (await queue.cancel("a")).status.ended_at
            for _ in range(2):
                assert (await queue.retire("a")).status.ended_at == ended_at
            with pytest.raises(WrongState, match="the note is being removed"):
                await queue.retry("a")
            await queue.remove("a")
            with pytest.raises(UnknownJob):
                await queue.retire("a")

    async def test_what_has_ended_can_be_removed_and_its_id_is_free_then(self) -> None:
        async with self.opened() as queue:
            await queue.submit(jobs("ab"))
            with pytest.raises(WrongState, match="the note is queued"):
                await queue.remove("a")
            await queue.cancel("a")
            await queue.remove("a")
            with pytest.raises(UnknownJob):
                await queue.find("a")
            assert [record.job.id for record in (await queue.page(limit=9)).records] == ["b"]
            assert await queue.submit([job("a", digest="1" * 64)]) == [Receipt.ACCEPTED]
            async with running(queue, hold, slots=2):
                await status_in(queue, "b", JobState.RUNNING)
                with pytest.raises(WrongState, match="running"):
                    await queue.remove("b")

    async def test_what_is_not_begun_in_time_ends_without_being_run(self) -> None:
        async with self.opened() as queue:
            worker = Worker(hold)
            await queue.submit([job("h"), job("a", expires_in_s=0.3), job("b")])
            async with running(queue, worker):
                await status_in(queue, "h", JobState.RUNNING)
                # No slot is free, and nobody asks for another: it is found late by the clock.
                (status,) = await ended(queue, "a")
            assert (status.state, status.error) == (JobState.FAILED, EXPIRED)
            assert (status.attempts, status.failures) == (0, 0)
            assert worker.ids == ["h"]

    async def test_what_was_late_and_is_sent_again_is_run(self) -> None:
        async with self.opened() as queue:
            await queue.submit([job("a", expires_in_s=-1.0)])
            worker = Worker(store)
            async with running(queue, worker):
                (status,) = await ended(queue, "a")
                assert status.error == EXPIRED
                await queue.retry("a")
                await status_in(queue, "a", JobState.STORED)
            assert worker.ids == ["a"]

    async def test_what_was_begun_in_time_is_not_late_when_it_is_given_back(self) -> None:
        async with self.opened() as queue:
            await queue.submit([job("a", expires_in_s=1.0)])
            async with running(queue, hold):
                await status_in(queue, "a", JobState.RUNNING)
            await anyio.sleep(1.1)
            async with running(queue, store):
                (status,) = await ended(queue, "a")
            assert status.state is JobState.STORED
