"""Jobs that several processes share: records of ours in Redis, in line by streaq."""

import logging
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import anyio
from coredis import PureToken, Redis

from server.jobs.attempts import cancelled, check_ended, noticed, retired, retried
from server.jobs.job import Job, JobRecord, JobState, JobStatus
from server.jobs.queue import Handler, Page, QueueFull, QueueStats, Receipt
from server.jobs.redis import notices
from server.jobs.redis.connection import FAILURES, Connection, connected, pauses, reason_of
from server.jobs.redis.keys import NAME, Keys
from server.jobs.redis.listing import page, stats
from server.jobs.redis.records import Records, audio_ms, text
from server.jobs.redis.runner import Runner
from server.jobs.redis.tasks import Tasks
from server.jobs.redis.upkeep import expire, repair
from server.jobs.redis.worker import NoteWorker

_RECEIPTS = (Receipt.ACCEPTED, Receipt.EXISTING, Receipt.CONFLICT)

_log = logging.getLogger(__name__)


class RedisNoteQueue:
    """The `NoteQueue` of several processes, as `open_redis_queue` opens it."""

    def __init__(
        self, connection: Connection, url: str, name: str, max_audio_s: float, lease_s: float
    ) -> None:
        self._connection = connection
        self._url = url
        self._name = name
        self._max_audio_ms = round(max_audio_s * 1_000)
        self._lease_s = lease_s
        self._tasks = Tasks(name)
        self._records = Records(Keys(name), self._tasks)

    async def submit(self, jobs: Sequence[Job]) -> list[Receipt]:
        """Accept jobs: see `NoteQueue`."""
        if not jobs:
            return []

        async def submit(client: Redis[bytes]) -> list[Receipt]:
            digests, waiting_ms = await self._records.digests(client, jobs)
            new = [job for job, digest in zip(jobs, digests, strict=True) if digest is None]
            # What is refused by Redis itself leaves its tasks in line.
            self._check_room(new, waiting_ms)
            answers = await self._records.submit(client, new, self._max_audio_ms) if new else []
            if isinstance(answers, int):
                raise QueueFull(answers / 1_000)
            fresh = iter(answers)
            return [
                _RECEIPTS[next(fresh)] if digest is None else _receipt(job, digest)
                for job, digest in zip(jobs, digests, strict=True)
            ]

        return await self._connection.ask(submit)

    async def find(self, job_id: str) -> JobRecord:
        """Return a job: see `NoteQueue`."""
        kept = await self._connection.ask(lambda client: self._records.find(client, job_id))
        return kept.record

    async def find_all(self, job_ids: Sequence[str]) -> list[JobRecord | None]:
        """Return many jobs: see `NoteQueue`."""
        found = await self._connection.ask(lambda client: self._records.find_all(client, job_ids))
        return [kept.record if kept else None for kept in found]

    async def page(
        self, *, limit: int, cursor: str | None = None, state: JobState | None = None
    ) -> Page:
        """Return some of the jobs: see `NoteQueue`."""
        return await self._connection.ask(
            lambda client: page(client, self._records, limit, cursor, state)
        )

    async def cancel(self, job_id: str) -> JobRecord:
        """End a job: see `NoteQueue`."""
        now = time.time()
        return await self._change(job_id, lambda status: cancelled(status, now=now))

    async def retry(self, job_id: str) -> JobRecord:
        """Queue a job once more: see `NoteQueue`."""
        return await self._change(job_id, retried)

    async def retire(self, job_id: str) -> JobRecord:
        """Have a job not be sent again: see `NoteQueue`."""
        return await self._change(job_id, retired)

    async def remove(self, job_id: str) -> None:
        """Forget a job: see `NoteQueue`."""

        async def remove(client: Redis[bytes]) -> bool:
            kept = await self._records.find(client, job_id)
            check_ended(kept.status)
            return await self._records.remove(client, kept)

        while not await self._connection.ask(remove):
            pass

    async def ended_before(self, time: float, limit: int) -> list[JobRecord]:
        """Return jobs that ended before a time: see `NoteQueue`."""

        async def find(client: Redis[bytes]) -> list[JobRecord]:
            found = await client.zrange(
                self._records.keys.ended,
                "-inf",
                f"({time}",
                PureToken.BYSCORE,
                offset=0,
                count=limit,
            )
            records = await self._records.find_all(client, [text(job_id) for job_id in found])
            return [kept.record for kept in records if kept]

        return await self._connection.ask(find)

    async def take_notices(self, *, now: float, until: float, limit: int) -> list[JobRecord]:
        """Return jobs whose webhook is due: see `NoteQueue`."""
        return await self._connection.ask(
            lambda client: notices.take(client, self._records, now, until, limit)
        )

    async def noticed(self, job_id: str, next_at: float | None) -> None:
        """Say when a webhook is due again: see `NoteQueue`."""
        await self._change(job_id, lambda status: noticed(status, next_at))

    async def stats(self) -> QueueStats:
        """Count what is there: see `NoteQueue`."""
        return await self._connection.ask(lambda client: stats(client, self._records))

    async def run(self, handler: Handler, slots: int) -> None:
        """Run jobs: see `NoteQueue`. Where Redis cannot be reached it waits until it can."""
        runner = Runner(self._connection, self._records, handler)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(runner.watch)
            tasks.start_soon(repair, self._connection, self._records, self._tasks)
            for pause_s in pauses():
                # streaq's workers are not made to be run twice.
                worker = NoteWorker(self._url, self._name, runner.run_task, slots, self._lease_s)
                try:
                    await worker.run_until_cancelled()
                except* FAILURES as failures:
                    _log.warning("a worker could not begin: %s", reason_of(failures.exceptions[0]))
                await anyio.sleep(pause_s)

    def _check_room(self, jobs: Sequence[Job], waiting_ms: int) -> None:
        """Pass jobs, some of which may be the same, that there is room for.

        Raises:
            QueueFull: see there.
        """
        added_ms = sum({job.id: audio_ms(job) for job in jobs}.values())
        excess_ms = waiting_ms + added_ms - self._max_audio_ms
        if added_ms and excess_ms > 0:
            raise QueueFull(excess_ms / 1_000)

    async def _change(self, job_id: str, decide: Callable[[JobStatus], JobStatus]) -> JobRecord:
        kept = await self._connection.ask(
            lambda client: self._records.change(client, job_id, decide)
        )
        return kept.record


@asynccontextmanager
async def open_redis_queue(
    url: str,
    *,
    name: str = NAME,
    max_audio_s: float,
    lease_s: float,
) -> AsyncIterator[RedisNoteQueue]:
    """Open the queue `name` of the Redis at `url`, which need not be there yet.

    At most `max_audio_s` of audio may wait in it. A job whose process says nothing for `lease_s` is
    given to another.
    """
    async with connected(url) as connection, anyio.create_task_group() as tasks:
        # Whether or not anybody runs jobs.
        tasks.start_soon(expire, connection, Records(Keys(name), Tasks(name)))
        try:
            yield RedisNoteQueue(connection, url, name, max_audio_s, lease_s)
        finally:
            tasks.cancel_scope.cancel()


def _receipt(job: Job, digest: str) -> Receipt:
    return Receipt.EXISTING if job.digest == digest else Receipt.CONFLICT
