"""Finds jobs that streaq knows nothing of, and publishes them again.

A job and its task come into being in one step. Tasks that are gone all the same went with their
streams: somebody flushed them, or an older Redis took over.
"""

import logging
from collections.abc import AsyncIterator

from coredis import PureToken, Redis

from server.jobs.job import JobState
from server.jobs.redis.records import Kept, Records, text
from server.jobs.redis.tasks import Tasks, task_id

#: Looked at in one step: it takes Redis a millisecond.
_PAGE = 500

_log = logging.getLogger(__name__)


class Repair:
    """Looks for jobs without a task. What it finds twice in the same state is published."""

    def __init__(self, records: Records, tasks: Tasks) -> None:
        self._records = records
        self._tasks = tasks
        self._missing: dict[str, bytes] = {}

    async def run(self, client: Redis[bytes]) -> None:
        """Look once. A step of Redis is enough where nothing is missing."""
        if not await self._is_short(client):
            self._missing = {}
            return
        missing = {
            task_id(kept.record.job.id, kept.round): kept
            for state in (JobState.QUEUED, JobState.RUNNING)
            async for kept in self._in_state(client, state)
        }
        # Tasks are read after the jobs: what came between has a task, and is no job here.
        async for known in self._known(client):
            missing.pop(known, None)
        for name, kept in missing.items():
            if self._missing.get(name) == kept.encoded:
                await self._publish(client, kept)
        self._missing = {name: kept.encoded for name, kept in missing.items()}

    async def _is_short(self, client: Redis[bytes]) -> bool:
        """Tell whether there are fewer tasks than jobs that have not ended."""
        keys = self._records.keys
        async with client.pipeline(transaction=True) as pipe:
            for state in (JobState.QUEUED, JobState.RUNNING):
                pipe.zcard(keys.state(state))
            for stream, delayed in self._tasks.lines():
                pipe.xlen(stream)
                pipe.zcard(delayed)
        counts = pipe.results or ()
        return bool(sum(counts[:2]) > sum(counts[2:]))

    async def _in_state(self, client: Redis[bytes], state: JobState) -> AsyncIterator[Kept]:
        after: float = 0
        while True:
            found = await client.zrange(
                self._records.keys.state(state),
                f"({after}",
                "+inf",
                PureToken.BYSCORE,
                offset=0,
                count=_PAGE,
                withscores=True,
            )
            for kept in await self._records.find_all(client, [text(m.member) for m in found]):
                if kept and not kept.status.state.is_end:
                    yield kept
            if len(found) < _PAGE:
                return
            after = found[-1].score

    async def _known(self, client: Redis[bytes]) -> AsyncIterator[str]:
        for stream, delayed in self._tasks.lines():
            start = "-"
            while entries := await client.xrange(stream, start, "+", count=_PAGE):
                for entry in entries:
                    yield text(entry.field_values[b"task_id"])
                start = f"({text(entries[-1].identifier)}"
            for name in await client.zrange(delayed, 0, -1):
                yield text(name)

    async def _publish(self, client: Redis[bytes], kept: Kept) -> None:
        job = kept.record.job
        _log.warning("the job %s had no task, and was published again", job.id)
        async with client.pipeline(transaction=True) as pipe:
            await self._tasks.republish(pipe, job, kept.round)
