"""The records of jobs in Redis: reading them, and changing them one status after another."""

import secrets
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from coredis import PureToken, Redis
from coredis.patterns.pipeline import Pipeline

from server.jobs.attempts import expired, is_late
from server.jobs.job import Job, JobRecord, JobState, JobStatus
from server.jobs.queue import UnknownJob
from server.jobs.redis.codec import decode_job, decode_status, encode_job, encode_status
from server.jobs.redis.keys import Keys
from server.jobs.redis.scripts import CHANGE, DIGESTS, REMOVE, SUBMIT
from server.jobs.redis.tasks import Tasks

_FIELDS = ("job", "status", "round")
#: No two jobs begin with the same round, and there is room to count on.
_ROUND_BITS = 48


@dataclass(frozen=True, slots=True)
class Kept:
    """A record as it was read."""

    record: JobRecord
    #: The status as it is in Redis: what changed since is told by it.
    encoded: bytes
    #: Another one each time that a job is accepted or sent again, also where its id is that of one
    #: that was forgotten: whoever has an earlier one has another job, and its tasks mean nothing.
    round: int

    @property
    def status(self) -> JobStatus:
        """Return what has become of the job."""
        return self.record.status

    def after(self, status: JobStatus) -> "Kept":
        """Return the record once it has been given `status`."""
        record = JobRecord(job=self.record.job, status=status)
        is_new_round = self.status.state.is_end and not status.state.is_end
        return Kept(record, encode_status(status), self.round + is_new_round)


class Records:
    """Reads and changes the records of one queue. Each method is one step of Redis."""

    def __init__(self, keys: Keys, tasks: Tasks) -> None:
        self.keys = keys
        self._tasks = tasks

    async def find_all(self, client: Redis[bytes], job_ids: Sequence[str]) -> list[Kept | None]:
        """Return records, None for those that are not there."""
        if not job_ids:
            return []
        async with client.pipeline(transaction=False) as pipe:
            for job_id in job_ids:
                pipe.hmget(self.keys.record(job_id), _FIELDS)
        return [_kept(*values) for values in pipe.results or ()]

    async def find(self, client: Redis[bytes], job_id: str) -> Kept:
        """Return a record.

        Raises:
            UnknownJob: see there.
        """
        kept = _kept(*await client.hmget(self.keys.record(job_id), _FIELDS))
        if kept is None:
            raise UnknownJob(job_id)
        return kept

    async def digests(
        self, client: Redis[bytes], jobs: Sequence[Job]
    ) -> tuple[list[str | None], int]:
        """Return the digests of the jobs that are there by the ids of these, and what waits.

        What waits is audio, in milliseconds.
        """
        # One request: the client takes longer over five hundred than Redis.
        keys = [self.keys.counts, *(self.keys.record(job.id) for job in jobs)]
        waiting, *found = cast("list[Any]", await client.eval(DIGESTS, keys))
        return [None if digest is None else text(digest) for digest in found], int(waiting)

    async def submit(
        self, client: Redis[bytes], jobs: Sequence[Job], max_audio_ms: int
    ) -> list[int] | int:
        """Keep jobs and publish them; return the answers of `scripts.SUBMIT`."""
        keys = [self.keys.number, self.keys.counts, self.keys.all]
        keys += [self.keys.state(JobState.QUEUED), self.keys.expiring]
        keys += [self.keys.record(job.id) for job in jobs]
        status = encode_status(JobStatus())
        args: list[str | bytes | int | float] = [max_audio_ms]
        # Where one is there twice it has one task.
        rounds = {job.id: secrets.randbits(_ROUND_BITS) for job in jobs}
        for job in jobs:
            args += [job.id, job.digest, encode_job(job), status, job.priority.value]
            args += [audio_ms(job), job.expires_at, rounds[job.id]]
        await self._tasks.prepare(client)
        async with client.pipeline(transaction=True) as pipe:
            answers = pipe.eval(SUBMIT, keys, args)
            for job in jobs:
                await self._tasks.publish(pipe, job, rounds[job.id])
        return await answers  # type: ignore[return-value]

    async def swap(self, client: Redis[bytes], kept: Kept, status: JobStatus) -> Kept | None:
        """Give a record another status, and return it; None where it has changed meanwhile.

        Where it had ended and has not any more it is published.
        """
        after = kept.after(status)
        if after.round == kept.round:
            is_done = await self._change(client, kept, after)
        else:
            await self._tasks.prepare(client)
            async with client.pipeline(transaction=True) as pipe:
                done = self._change(pipe, kept, after)
                await self._tasks.publish(pipe, kept.record.job, after.round)
            is_done = await done
        return after if is_done else None

    def _change(
        self, client: Redis[bytes] | Pipeline[bytes], kept: Kept, after: Kept
    ) -> Awaitable[object]:
        job, old, new = kept.record.job, kept.status, after.status
        keys = [self.keys.record(job.id), self.keys.counts, self.keys.ended, self.keys.expiring]
        keys += [self.keys.state(old.state), self.keys.state(new.state), self.keys.notices]
        notice_at = "" if new.notice_at is None or job.webhook is None else new.notice_at
        ended_at = "" if new.ended_at is None else new.ended_at
        args: list[str | bytes | int | float] = [job.id, kept.encoded, after.encoded]
        args += [job.priority.value, audio_ms(job), ended_at]
        args += [int(old.state is JobState.QUEUED), int(new.state is JobState.QUEUED)]
        return client.eval(CHANGE, keys, [*args, int(old.state.is_end), notice_at, kept.round])

    async def remove(self, client: Redis[bytes], kept: Kept) -> bool:
        """Forget a job, and say whether that was done: not where it has changed meanwhile."""
        job_id = kept.record.job.id
        keys = [self.keys.record(job_id), self.keys.ended, self.keys.all]
        keys += [self.keys.state(kept.status.state), self.keys.notices]
        return bool(await client.eval(REMOVE, keys, [job_id, kept.encoded]))

    async def change(
        self,
        client: Redis[bytes],
        job_id: str,
        decide: Callable[[JobStatus], JobStatus],
    ) -> Kept:
        """Change a status however often others are faster; return the record as it is then.

        Raises:
            UnknownJob: see there.
            Exception: whatever `decide` raises.
        """
        while True:
            kept = await self.find(client, job_id)
            status = decide(kept.status)
            if status == kept.status:
                return kept
            if after := await self.swap(client, kept, status):
                return after

    async def expire(self, client: Redis[bytes], limit: int) -> int:
        """End up to `limit` of the jobs that were not begun in time, and count them."""
        now = time.time()
        found = await client.zrange(
            self.keys.expiring, "-inf", now, PureToken.BYSCORE, offset=0, count=limit
        )
        for kept in await self.find_all(client, [text(job_id) for job_id in found]):
            if kept and kept.status.state is JobState.QUEUED and is_late(kept.record, now=now):
                await self.swap(client, kept, expired(kept.status, now=now))
        return len(found)


def audio_ms(job: Job) -> int:
    """Return how much audio a job stands for, in milliseconds."""
    return round(job.audio_s * 1_000)


def _kept(job: bytes | None, status: bytes | None, number: bytes | None) -> Kept | None:
    if job is None or status is None or number is None:
        return None
    return Kept(JobRecord(job=decode_job(job), status=decode_status(status)), status, int(number))


def text(value: object) -> str:
    """Return as text what Redis has as bytes."""
    return value.decode() if isinstance(value, bytes) else str(value)
