"""What every queue promises, by a real Redis."""

import gc
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import pytest

from server.jobs.attempts import EXPIRED
from server.jobs.job import JobState, LandedAudio, Priority
from server.jobs.queue import Claim, NoteQueue, QueueFull, Superseded
from server.jobs.redis.keys import Keys
from server.jobs.redis.queue import open_redis_queue
from tests.helpers.redis_server import BACKENDS, RedisServer
from tests.server.jobs.contract.dying import DyingContract
from tests.server.jobs.contract.place import (
    PLENTY_S,
    TIMEOUT_S,
    QueuePlace,
    Worker,
    ended,
    hold,
    job,
    running,
    status_in,
    store,
    until,
)
from tests.server.jobs.cut_link import CutLink, linked
from tests.server.jobs.queue_contract import LivingContract

pytestmark = [
    pytest.mark.anyio,
    # coredis leaves those of a connection that was never made.
    pytest.mark.filterwarnings("ignore:Unclosed <MemoryObject:ResourceWarning"),
]

#: Long enough for a machine that is busy with other tests.
LEASE_S = 1.0


class RedisPlace(QueuePlace):
    """Every process has a link of its own to Redis, which is cut where it dies."""

    @pytest.fixture
    def virtual_time(self) -> bool:
        return False

    @pytest.fixture(params=BACKENDS)
    def anyio_backend(self, request: pytest.FixtureRequest) -> str:
        return str(request.param)

    @pytest.fixture(autouse=True)
    def place(self, shared_redis: RedisServer) -> None:
        self._redis = shared_redis
        self._name = uuid.uuid4().hex
        self._links: dict[NoteQueue, CutLink] = {}

    @asynccontextmanager
    async def opened(self, *, max_audio_s: float = PLENTY_S) -> AsyncIterator[NoteQueue]:
        async with linked(self._redis.port) as link:
            url = f"redis://127.0.0.1:{link.port}"
            async with open_redis_queue(
                url, name=self._name, max_audio_s=max_audio_s, lease_s=LEASE_S
            ) as queue:
                self._links[queue] = link
                yield queue
        if link.is_cut.is_set():
            # While they are ignored.
            gc.collect()

    async def kill(self, queue: NoteQueue) -> None:
        await self._links[queue].cut()


class TestRedisNoteQueue(RedisPlace, LivingContract):
    async def test_of_processes_that_find_a_webhook_due_together_one_calls_it(self) -> None:
        async with self.opened() as queue:
            await queue.submit([job("a", webhook="https://example.com/hook")])
            await queue.cancel("a")
            now = time.time()
            (due,) = await queue.take_notices(now=now, until=now + 30, limit=9)
            # As another has seen it just before.
            self._redis.command("ZADD", Keys(self._name).notices, str(due.status.ended_at), "a")
            assert await queue.take_notices(now=now, until=now + 30, limit=9) == []

    @pytest.mark.parametrize("begins", [True, False])
    async def test_who_has_a_job_that_was_forgotten_has_not_the_next_of_its_id(
        self, begins: bool
    ) -> None:
        seen: list[Claim] = []
        is_over = anyio.Event()

        async def sleep(claim: Claim) -> None:
            if begins:
                await claim.begin(is_alone=False)
            seen.append(claim)
            # Nothing reaches whoever was stopped.
            with anyio.move_on_after(TIMEOUT_S, shield=True):
                await is_over.wait()

        async with self.opened() as queue, self.opened() as other:
            await queue.submit([job("a")])
            async with running(queue, sleep):
                await until(lambda: bool(seen))
                self._forget("a")
                await other.submit([job("a", digest="1" * 64)])
                async with running(other, Worker(hold)):
                    await status_in(other, "a", JobState.RUNNING)
                    with pytest.raises(Superseded):
                        await self._wake(seen[0], has_begun=begins)
                    assert (await other.find("a")).status.state is JobState.RUNNING
                is_over.set()

    async def _wake(self, claim: Claim, *, has_begun: bool) -> None:
        if has_begun:
            await claim.stored(LandedAudio(take=1, num_bytes=100))
        else:
            await claim.begin(is_alone=False)

    def _forget(self, job_id: str) -> None:
        keys = Keys(self._name)
        self._redis.command("DEL", keys.record(job_id))
        for index in (keys.all, keys.expiring, *map(keys.state, JobState)):
            self._redis.command("ZREM", index, job_id)

    async def test_what_is_refused_leaves_nothing_in_line(self) -> None:
        async with self.opened(max_audio_s=3.0) as queue:
            await queue.submit([job("a", audio_s=2.0)])
            num_keys = self._num_keys()
            for name in "bcd":
                with pytest.raises(QueueFull):
                    await queue.submit([job(name, audio_s=2.0)])
            assert self._num_keys() == num_keys

    def _num_keys(self) -> bytes:
        count = "return #redis.call('keys', ARGV[1])"
        return self._redis.command("EVAL", count, "0", f"*{self._name}*")

    async def test_a_priority_is_that_of_what_was_accepted(self) -> None:
        worker = Worker(store)
        async with self.opened(max_audio_s=3.0) as queue:
            await queue.submit([job("full", audio_s=2.0)])
            with pytest.raises(QueueFull):
                await queue.submit([job("a", audio_s=1.5, priority=Priority.LOW)])
            await queue.cancel("full")
            await queue.submit([job("b", audio_s=1.0)])
            await queue.submit([job("a", audio_s=1.5, priority=Priority.HIGH)])
            async with running(queue, worker):
                await ended(queue, *"ab")
        assert worker.ids == ["a", "b"]

    async def test_what_is_late_ends_though_nobody_runs_jobs(self) -> None:
        async with self.opened() as queue:
            await queue.submit([job("a", expires_in_s=0.1)])
            with anyio.fail_after(TIMEOUT_S):
                (status,) = await ended(queue, "a")
        assert status.error == EXPIRED


@pytest.mark.slow
class TestRedisNoteQueueAfterDeaths(RedisPlace, DyingContract):
    """Each death is seen when its lease is over, and not before."""
