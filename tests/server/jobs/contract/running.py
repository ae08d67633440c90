"""Which jobs are run, in which order, and what may be said of them."""

import anyio
import pytest

from server.jobs.job import JobState, LandedAudio, Priority
from server.jobs.queue import Claim, Receipt, Superseded
from tests.server.jobs.contract.place import (
    BROKEN,
    QueuePlace,
    Worker,
    claim_only,
    ended,
    fail,
    fail_for_good,
    hold,
    job,
    jobs,
    running,
    status_in,
    status_that,
    store,
    until,
)

LANDED = LandedAudio(take=1, num_bytes=100)


class RunningContract(QueuePlace):
    async def test_the_more_urgent_come_first_and_equals_as_they_came(self) -> None:
        async with self.opened() as queue:
            for name, priority in zip("aXbYcZ", ["low", "normal", "high"] * 2, strict=True):
                await queue.submit([job(name, priority=Priority(priority))])
            worker = Worker(store)
            async with running(queue, worker):
                await ended(queue, *"aXbYcZ")
            assert worker.ids == list("bZXcaY")

    async def test_an_urgent_one_overtakes_all_that_wait(self) -> None:
        released = anyio.Event()

        async def act(claim: Claim) -> None:
            await claim.begin(is_alone=False)
            await released.wait()
            await claim.stored(LANDED)

        async with self.opened() as queue:
            worker = Worker(act)
            await queue.submit(jobs("abc"))
            async with running(queue, worker):
                await status_in(queue, "a", JobState.RUNNING)
                await queue.submit([job("u", priority=Priority.HIGH)])
                released.set()
                await ended(queue, *"abcu")
            assert worker.ids == list("aubc")

    async def test_never_more_run_at_once_than_there_are_slots_and_all_run_once(self) -> None:
        async def act(claim: Claim) -> None:
            take = await claim.begin(is_alone=False)
            await anyio.sleep(0.001)
            await claim.stored(LandedAudio(take=take, num_bytes=1))

        names = [f"n{number}" for number in range(60)]
        async with self.opened() as queue:
            worker = Worker(act)
            await queue.submit([job(name) for name in names])
            async with running(queue, worker, slots=4):
                await ended(queue, *names)
            # How many meet is the machine's: a job is in its handler for a part of its turn.
            assert 1 < worker.most_active <= 4
            assert sorted(worker.ids) == sorted(names)

    async def test_what_no_slot_is_free_for_is_not_claimed(self) -> None:
        async with self.opened() as queue:
            worker = Worker(hold)
            await queue.submit(jobs("abcd"))
            async with running(queue, worker, slots=2):
                for name in "ab":
                    await status_in(queue, name, JobState.RUNNING)
                # It is nobody's yet: it ends as one that waits.
                assert (await queue.cancel("c")).status.state is JobState.CANCELLED
                assert (await queue.stats()).running == 2
            assert sorted(worker.ids) == ["a", "b"]

    async def test_whoever_waits_for_jobs_is_woken_by_the_next(self) -> None:
        async with self.opened() as queue:
            worker = Worker(store)
            async with running(queue, worker):
                for name in "abc":
                    await queue.submit([job(name)])
                    await ended(queue, name)
            assert worker.ids == list("abc")

    async def test_what_has_landed_is_told_and_never_run_again(self) -> None:
        async with self.opened() as queue:
            worker = Worker(store)
            await queue.submit(jobs("a"))
            async with running(queue, worker):
                (status,) = await ended(queue, "a")
                assert await queue.submit(jobs("ab")) == [Receipt.EXISTING, Receipt.ACCEPTED]
                await ended(queue, "b")
            assert worker.ids == ["a", "b"]
            assert status.state is JobState.STORED
            assert status.audio == LANDED
            assert (status.attempts, status.failures, status.error) == (1, 0, None)
            assert status.begun_at is not None
            assert status.ended_at is not None
            assert status.begun_at <= status.ended_at

    async def test_how_far_a_take_is_can_be_seen(self) -> None:
        async def act(claim: Claim) -> None:
            await claim.begin(is_alone=False)
            while True:
                await claim.progress(12, 0.75)
                await anyio.sleep(0.1)

        async with self.opened() as queue:
            await queue.submit(jobs("a"))
            async with running(queue, act):
                status = await status_that(queue, "a", lambda status: status.spoken_chars > 0)
                assert (status.spoken_chars, status.made_s) == (12, 0.75)
                (record,) = (await queue.page(limit=1)).records
                assert record.status.made_s == 0.75

    async def test_the_third_failure_is_the_last_and_every_take_has_its_own_number(self) -> None:
        takes: list[int] = []

        async def act(claim: Claim) -> None:
            takes.append(await claim.begin(is_alone=False))
            await claim.failed(BROKEN, may_retry=True)

        async with self.opened() as queue:
            await queue.submit(jobs("a"))
            async with running(queue, act):
                (status,) = await ended(queue, "a")
            assert takes == [1, 2, 3]
            assert (status.state, status.error) == (JobState.FAILED, BROKEN)
            assert (status.attempts, status.failures) == (3, 3)

    async def test_a_failure_that_stays_is_not_tried_again(self) -> None:
        async with self.opened() as queue:
            worker = Worker(fail_for_good)
            await queue.submit(jobs("a"))
            async with running(queue, worker):
                (status,) = await ended(queue, "a")
            assert worker.ids == ["a"]
            assert (status.state, status.error) == (JobState.FAILED, BROKEN)

    async def test_a_handler_that_raises_has_failed_and_others_go_on(self) -> None:
        async def act(claim: Claim) -> None:
            if claim.record.job.id == "b":
                return await store(claim)
            await claim.begin(is_alone=False)
            raise ZeroDivisionError("a fault of ours")

        async with self.opened() as queue:
            worker = Worker(act)
            await queue.submit(jobs("ab"))
            async with running(queue, worker):
                broken, whole = await ended(queue, *"ab")
            assert sorted(worker.ids) == list("aaab")
            assert broken.state is JobState.FAILED
            assert broken.error is not None
            assert broken.error.code == "internal"
            assert whole.state is JobState.STORED

    async def test_what_is_postponed_is_run_later_and_is_not_charged(self) -> None:
        begun_at: list[float] = []

        async def act(claim: Claim) -> None:
            begun_at.append(anyio.current_time())
            take = await claim.begin(is_alone=False)
            if take == 1:
                await claim.postponed(BROKEN, 0.3)
            else:
                await claim.stored(LandedAudio(take=take, num_bytes=1))

        async with self.opened() as queue:
            worker = Worker(act)
            await queue.submit(jobs("a"))
            async with running(queue, worker):
                await until(lambda: len(begun_at) == 1)
                waiting = await status_in(queue, "a", JobState.QUEUED)
                await queue.submit(jobs("b"))
                (status,) = await ended(queue, "a")
                await ended(queue, "b")
            # The slot was not kept for it.
            assert worker.ids[1] == "b"
            assert begun_at[worker.ids.index("a", 1)] - begun_at[0] >= 0.3
            assert (waiting.failures, waiting.error) == (0, BROKEN)
            assert (status.state, status.attempts) == (JobState.STORED, 2)
            assert (status.failures, status.error) == (0, None)

    async def test_a_handler_that_says_nothing_gives_its_job_back_without_a_charge(self) -> None:
        async def act(claim: Claim) -> None:
            take = await claim.begin(is_alone=False)
            if take > 1:
                await claim.stored(LandedAudio(take=take, num_bytes=1))

        async with self.opened() as queue:
            await queue.submit(jobs("a"))
            async with running(queue, act):
                (status,) = await ended(queue, "a")
            assert (status.attempts, status.failures) == (2, 0)
            assert status.audio == LandedAudio(take=2, num_bytes=1)

    async def test_what_is_in_hand_when_running_is_cancelled_is_given_back(self) -> None:
        async with self.opened() as queue:
            worker = Worker(hold)
            await queue.submit(jobs("abc"))
            async with running(queue, worker, slots=2):
                await status_in(queue, "a", JobState.RUNNING)
                await status_in(queue, "b", JobState.RUNNING)
            for name in "ab":
                status = (await queue.find(name)).status
                assert (status.state, status.attempts) == (JobState.QUEUED, 1)
                assert (status.failures, status.is_suspect) == (0, False)
            assert (await queue.stats()).running == 0
        async with self.opened() as queue:
            worker = Worker(store)
            async with running(queue, worker):
                ends = await ended(queue, *"abc")
            assert worker.ids == list("abc")
            assert [status.attempts for status in ends] == [2, 2, 1]

    async def test_what_was_claimed_and_not_begun_is_given_back_as_it_was(self) -> None:
        async with self.opened() as queue:
            worker = Worker(claim_only)
            await queue.submit(jobs("a"))
            before = await queue.find("a")
            async with running(queue, worker):
                await until(lambda: worker.num_active == 1)
            assert await queue.find("a") == before

    async def test_of_an_earlier_take_nothing_may_be_said(self) -> None:
        old: list[Claim] = []

        async def act(claim: Claim) -> None:
            old.append(claim)
            await claim.begin(is_alone=False)
            if len(old) > 1:
                await anyio.sleep_forever()

        async with self.opened() as queue:
            await queue.submit(jobs("a"))
            async with running(queue, act):
                await until(lambda: len(old) == 2)
                await status_in(queue, "a", JobState.RUNNING)
                for said in (
                    old[0].progress(1, 0.1),
                    old[0].stored(LANDED),
                    old[0].failed(BROKEN, may_retry=False),
                    old[0].postponed(BROKEN, 10.0),
                ):
                    with pytest.raises(Superseded):
                        await said
                assert (await queue.find("a")).status.state is JobState.RUNNING

    @pytest.mark.parametrize("act", [store, fail_for_good, fail])
    async def test_the_last_word_is_the_last(self, act: Worker) -> None:
        refused: list[str] = []

        async def twice(claim: Claim) -> None:
            await act(claim)
            with pytest.raises(Superseded):
                await claim.stored(LANDED)
            with pytest.raises(Superseded):
                await claim.failed(BROKEN, may_retry=False)
            refused.append(claim.record.job.id)

        async with self.opened() as queue:
            await queue.submit(jobs("a"))
            async with running(queue, twice):
                await ended(queue, "a")
                await until(lambda: bool(refused))
