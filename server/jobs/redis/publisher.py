"""Copies the takes that are made here into their streams."""

import logging
from collections.abc import Callable
from contextlib import aclosing, suppress

import anyio
from coredis import Redis
from coredis.patterns.pipeline import Pipeline

from server.jobs.queue import QueueUnreachable
from server.jobs.redis import audio
from server.jobs.redis.connection import Connection
from server.jobs.redis.keys import Keys
from server.jobs.spool import Spool, SpoolAbandoned

#: Between two pieces of one take: each costs Redis and us as much, however little is in it. Nobody
#: hears the take end later for it.
PIECE_S = 0.25
#: A take that is stored by then is not published: most are, and are heard from their store.
UNPUBLISHED_S = 0.25
#: Once a take has ended, this is enough for the rest of it, or it is not heard live.
_FINISH_S = 5.0
#: Says of what is being made, in the time after which it would be forgotten.
_REMINDERS = 4

_log = logging.getLogger(__name__)


class Publisher:
    """Publishes takes. Where Redis fails one is not heard any more, and goes on."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        self._connection = connection
        self._keys = keys
        self._published: set[str] = set()

    async def publish(self, job_id: str, spool: Spool, left: anyio.Event) -> None:
        """Publish a take to its end; once `left` is set it has one or is given up."""
        with anyio.move_on_after(UNPUBLISHED_S):
            await left.wait()
        # Whoever hears an earlier take is to be told that it leads to nothing.
        if left.is_set() and spool.take == 1:
            return
        key = self._keys.audio(job_id, spool.take)
        self._published.add(key)
        is_whole = False
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._leave, left, spool, tasks.cancel_scope)
                with suppress(QueueUnreachable, SpoolAbandoned, OSError):
                    await self._begin(job_id, spool.take)
                    await self._copy(key, spool)
                    is_whole = True
                tasks.cancel_scope.cancel()
        finally:
            self._published.discard(key)
        if not is_whole:
            with suppress(QueueUnreachable):
                await self._say(lambda pipe: audio.abandon(pipe, key))

    async def remind(self) -> None:
        """Keep what is being made from being forgotten, until cancelled."""
        while True:
            await anyio.sleep(audio.ALIVE_S / _REMINDERS)
            if self._published:
                with suppress(QueueUnreachable):
                    await self._say(lambda pipe: audio.keep(pipe, self._published))

    async def _leave(self, left: anyio.Event, spool: Spool, scope: anyio.CancelScope) -> None:
        await left.wait()
        if spool.is_complete:
            await anyio.sleep(_FINISH_S)
        scope.cancel()

    async def _begin(self, job_id: str, take: int) -> None:
        def say(pipe: Pipeline[bytes]) -> None:
            for earlier in range(1, take):
                audio.abandon(pipe, self._keys.audio(job_id, earlier), is_over=True)
            audio.begin(pipe, self._keys.audio(job_id, take))

        await self._say(say)

    async def _copy(self, key: str, spool: Spool) -> None:
        end, is_whole = 0, False
        async with aclosing(spool.follow()) as pieces:
            async for data in pieces:
                end += len(data)
                is_whole = spool.is_complete and end == spool.num_bytes
                await self._add(key, data, end, is_last=is_whole)
                with anyio.move_on_after(PIECE_S):
                    await spool.completed()
        if not is_whole:
            await self._say(lambda pipe: audio.complete(pipe, key, end))

    async def _add(self, key: str, data: bytes, end: int, *, is_last: bool) -> None:
        def say(pipe: Pipeline[bytes]) -> None:
            audio.add(pipe, key, data, end)
            if is_last:
                audio.complete(pipe, key, end)

        await self._say(say)

    async def _say(self, what: Callable[[Pipeline[bytes]], None]) -> None:
        async def say(client: Redis[bytes]) -> None:
            # What an earlier take may have had its end said of is no failure here.
            async with client.pipeline(transaction=False, raise_on_error=False) as pipe:
                what(pipe)

        await self._connection.ask(say)
