"""What every queue promises, by a real Redis."""

import gc
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from server.jobs.queue import NoteQueue
from server.jobs.redis.keys import Keys
from server.jobs.redis.queue import open_redis_queue
from tests.helpers.redis_server import BACKENDS, RedisServer
from tests.server.jobs.contract.dying import DyingContract
from tests.server.jobs.contract.place import PLENTY_S, QueuePlace, job
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


@pytest.mark.slow
class TestRedisNoteQueueAfterDeaths(RedisPlace, DyingContract):
    """Each death is seen when its lease is over, and not before."""
