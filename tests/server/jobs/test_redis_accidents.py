"""What becomes of jobs where Redis, or what it holds, comes to harm."""

import gc
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager

import anyio
import pytest

from server.jobs.job import JobState, LandedAudio, Priority
from server.jobs.queue import Claim, QueueUnreachable
from server.jobs.redis.connection import FAILURES
from server.jobs.redis.queue import RedisNoteQueue, open_redis_queue
from server.jobs.redis.worker import NoteWorker
from tests.helpers.redis_server import BACKENDS, RedisServer
from tests.server.jobs.contract.place import (
    BROKEN,
    PLENTY_S,
    Worker,
    all_pages,
    ended,
    fail,
    hold,
    job,
    jobs,
    running,
    status_in,
    status_that,
    store,
)

pytestmark = [
    pytest.mark.anyio,
    # coredis leaves those of a connection that was never made.
    pytest.mark.filterwarnings("ignore:Unclosed <MemoryObject:ResourceWarning"),
]

LEASE_S = 1.0


@pytest.fixture
def virtual_time() -> bool:
    return False


@pytest.fixture(params=BACKENDS)
def anyio_backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(autouse=True)
def collected() -> Iterator[None]:
    yield
    gc.collect()


@asynccontextmanager
async def opened(redis: RedisServer, name: str = "notes") -> AsyncIterator[RedisNoteQueue]:
    async with open_redis_queue(
        redis.url, name=name, max_audio_s=PLENTY_S, lease_s=LEASE_S
    ) as queue:
        yield queue


async def test_what_was_accepted_outlives_a_redis_that_is_killed(own_redis: RedisServer) -> None:
    worker = Worker(store)
    async with opened(own_redis) as queue:
        await queue.submit(jobs("abc"))
        own_redis.kill()
        with pytest.raises(QueueUnreachable):
            await queue.find("a")
        with pytest.raises(QueueUnreachable):
            await queue.submit(jobs("d"))
        own_redis.start()
        async with running(queue, worker):
            await ended(queue, *"abc")
    assert worker.ids == list("abc")


async def test_whoever_runs_jobs_outlives_redis_and_so_does_what_runs(
    own_redis: RedisServer,
) -> None:
    landed = anyio.Event()

    async def act(claim: Claim) -> None:
        take = await claim.begin(is_alone=False)
        await landed.wait()
        await claim.progress(1, 0.1)
        await claim.stored(LandedAudio(take=take, num_bytes=100))

    async with opened(own_redis) as queue:
        worker = Worker(act)
        await queue.submit(jobs("ab"))
        async with running(queue, worker):
            await status_in(queue, "a", JobState.RUNNING)
            own_redis.kill()
            landed.set()
            await anyio.sleep(0.3)
            # It waits to be told.
            assert worker.ids == ["a"]
            own_redis.start()
            one, two = await ended(queue, *"ab")
    assert (one.attempts, two.attempts) == (1, 1)
    assert worker.ids == ["a", "b"]


@pytest.mark.slow
async def test_nobody_is_dead_because_redis_was_away_for_longer_than_a_lease(
    own_redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_back, is_over = anyio.Event(), anyio.Event()

    class LateWorker(NoteWorker):
        """Finds Redis a while after others do."""

        async def _tirelessly(self, work: Callable[[], Awaitable[None]]) -> None:
            async def late() -> None:
                try:
                    await work()
                except FAILURES:
                    await is_back.wait()
                    await anyio.sleep(LEASE_S)
                    raise

            await super()._tirelessly(late)

    async def act(claim: Claim) -> None:
        take = await claim.begin(is_alone=False)
        await is_over.wait()
        await claim.stored(LandedAudio(take=take, num_bytes=100))

    one, other = Worker(act), Worker(act)
    async with opened(own_redis) as queue, opened(own_redis) as another:
        await queue.submit(jobs("a"))
        monkeypatch.setattr("server.jobs.redis.queue.NoteWorker", LateWorker)
        async with running(queue, one):
            await status_in(queue, "a", JobState.RUNNING)
            monkeypatch.undo()
            async with running(another, other):
                await anyio.sleep(LEASE_S)
                own_redis.kill()
                await anyio.sleep(3 * LEASE_S)
                own_redis.start()
                is_back.set()
                # The other has looked for what the dead have left.
                await anyio.sleep(2 * LEASE_S)
                is_over.set()
                (status,) = await ended(queue, "a")
    assert (status.attempts, status.is_suspect) == (1, False)
    assert (one.ids, other.ids) == (["a"], [])


async def test_jobs_are_run_once_there_is_a_redis_at_all(own_redis: RedisServer) -> None:
    own_redis.kill()
    async with opened(own_redis) as queue, running(queue, Worker(store)):
        await anyio.sleep(0.3)
        own_redis.start()
        await queue.submit(jobs("a"))
        await ended(queue, "a")


async def test_a_redis_that_stalls_is_waited_for_with_patience(
    own_redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.jobs.redis.connection.ANSWER_S", 0.3)
    async with opened(own_redis) as queue, running(queue, Worker(store)):
        await queue.submit(jobs("a"))
        await ended(queue, "a")
        own_redis.pause()
        with pytest.raises(QueueUnreachable):
            await queue.find("a")
        own_redis.resume()
        await until_reachable(queue)
        await queue.submit(jobs("b"))
        await ended(queue, "b")


_FORGET_DATA = """
local keys = redis.call('keys', 'streaq:notes:task:data:a.*')
return redis.call('del', unpack(keys))
"""


@pytest.mark.parametrize(
    "accident",
    [
        ["FUNCTION", "FLUSH"],
        ["DEL", "streaq:notes:queues:normal"],
        ["EVAL", _FORGET_DATA, "0"],
        ["SCRIPT", "FLUSH"],
    ],
)
async def test_a_job_that_streaq_has_forgotten_is_run_all_the_same(
    own_redis: RedisServer, accident: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.jobs.redis.upkeep._REPAIR_S", 0.2)
    worker = Worker(store)
    async with opened(own_redis) as queue:
        await queue.submit(jobs("ab"))
        own_redis.command(*accident)
        async with running(queue, worker):
            await ended(queue, *"ab")
    assert sorted(worker.ids) == ["a", "b"]


async def test_those_who_run_outlive_the_loss_of_their_streams(
    own_redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.jobs.redis.upkeep._REPAIR_S", 0.2)
    worker = Worker(store)
    async with opened(own_redis) as queue, running(queue, worker):
        await queue.submit(jobs("a"))
        await ended(queue, "a")
        for priority in Priority:
            own_redis.command("DEL", f"streaq:notes:queues:{priority.value}")
        await queue.submit(jobs("b"))
        await ended(queue, "b")
    assert worker.ids == ["a", "b"]


async def test_counts_are_those_of_the_records_whatever_was_done(
    shared_redis: RedisServer,
) -> None:
    async def act(claim: Claim) -> None:
        name = claim.record.job.id
        if name.startswith("s"):
            await store(claim)
        elif name.startswith("p"):
            await claim.begin(is_alone=False)
            await claim.postponed(BROKEN, 60.0)
        elif name.startswith("f"):
            await fail(claim)
        else:
            await hold(claim)

    async with opened(shared_redis, uuid.uuid4().hex) as queue:
        names = [f"{kind}{number}" for kind in "spfh" for number in range(4)]
        priorities = list(Priority) * len(names)
        notes = [
            job(name, priority=priority, audio_s=0.1)
            for name, priority in zip(names, priorities, strict=False)
        ]
        await queue.submit(notes)
        await queue.submit(notes)
        async with running(queue, act, slots=8):
            await ended(queue, *(name for name in names if name[0] in "sf"))
            for name in names:
                if name.startswith("p"):
                    await status_that(queue, name, lambda status: status.error is not None)
                if name.startswith("h"):
                    await status_in(queue, name, JobState.RUNNING)
            await queue.cancel("p0")
            await queue.cancel("h0")
            await ended(queue, "h0")
            await queue.retry("p0")
            await queue.remove("s0")
        # Nothing moves any more between one look and the next.
        await recounted(queue)


async def recounted(queue: RedisNoteQueue) -> None:
    records = await all_pages(queue, 5)
    stats = await queue.stats()
    states = [record.status.state for record in records]
    waiting = [record.job for record in records if not record.status.state.is_end]
    queued = [each.job for each in records if each.status.state is JobState.QUEUED]
    assert stats.running == states.count(JobState.RUNNING)
    assert stats.failed == states.count(JobState.FAILED)
    assert stats.audio_s == pytest.approx(sum(job.audio_s for job in waiting))
    assert stats.queued == {
        priority: sum(job.priority is priority for job in queued) for priority in Priority
    }
    for state in JobState:
        assert len(await all_pages(queue, 5, state)) == states.count(state)


async def until_reachable(queue: RedisNoteQueue) -> None:
    with anyio.fail_after(10.0):
        while True:
            try:
                await queue.stats()
            except QueueUnreachable:
                await anyio.sleep(0.05)
            else:
                return
