"""Audio that is heard while another process makes it, through a stream in Redis for each take."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager

import anyio
from anyio.abc import TaskGroup

from server.jobs.local_relay import LocalRelay
from server.jobs.redis.connection import connected
from server.jobs.redis.keys import NAME, Keys
from server.jobs.redis.listener import Listener
from server.jobs.redis.publisher import Publisher
from server.jobs.redis.reader import Reader
from server.jobs.relay import APPEARANCE_S
from server.jobs.spool import Spool


class RedisRelay:
    """The `Relay` of several processes, as `open_redis_relay` opens it.

    What is made here is heard from its file.
    """

    def __init__(
        self,
        keys: Keys,
        publisher: Publisher,
        reader: Reader,
        local: LocalRelay,
        tasks: TaskGroup,
    ) -> None:
        self._keys = keys
        self._publisher = publisher
        self._reader = reader
        self._local = local
        self._tasks = tasks

    @asynccontextmanager
    async def publishing(self, job_id: str, spool: Spool) -> AsyncIterator[None]:
        """Let a take be followed: see `Relay`."""
        left = anyio.Event()
        self._tasks.start_soon(self._publisher.publish, job_id, spool, left)
        async with self._local.publishing(job_id, spool):
            try:
                yield
            finally:
                left.set()

    async def follow(self, job_id: str, take: int, start: int = 0) -> AsyncGenerator[bytes, None]:
        """Yield the bytes of a take: see `Relay`."""
        if self._local.find(job_id, take):
            pieces = self._local.follow(job_id, take, start)
        else:
            pieces = self._followed(Listener(self._keys.audio(job_id, take), start))
        async with aclosing(pieces):
            async for data in pieces:
                yield data

    async def _followed(self, listener: Listener) -> AsyncGenerator[bytes, None]:
        self._reader.add(listener)
        try:
            async with aclosing(listener.audio()) as pieces:
                async for data in pieces:
                    yield data
        finally:
            self._reader.remove(listener)


@asynccontextmanager
async def open_redis_relay(
    url: str, *, name: str = NAME, patience_s: float = APPEARANCE_S
) -> AsyncIterator[RedisRelay]:
    """Open the relay of the queue `name`; the Redis at `url` need not be there yet."""
    async with connected(url) as connection, anyio.create_task_group() as tasks:
        keys = Keys(name)
        publisher, reader = Publisher(connection, keys), Reader(connection, patience_s)
        tasks.start_soon(publisher.remind)
        tasks.start_soon(reader.run)
        local = LocalRelay(patience_s=patience_s)
        yield RedisRelay(keys, publisher, reader, local, tasks)
        tasks.cancel_scope.cancel()
