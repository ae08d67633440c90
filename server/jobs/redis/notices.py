"""Webhooks that are due: each is taken by one process at a time."""

from dataclasses import replace

from coredis import PureToken, Redis

from server.jobs.job import JobRecord, JobStatus
from server.jobs.redis.records import Records, text


async def take(
    client: Redis[bytes], records: Records, now: float, until: float, limit: int
) -> list[JobRecord]:
    """Return jobs whose webhook is due: see `NoteQueue.take_notices`."""
    due = await client.zrange(
        records.keys.notices, "-inf", now, PureToken.BYSCORE, offset=0, count=limit
    )
    taken = []
    for kept in await records.find_all(client, [text(job_id) for job_id in due]):
        if kept is None or kept.status.notice_at is None:
            continue
        status = replace(kept.status, notices=kept.status.notices + 1, notice_at=until)
        # Of processes that have found it due, the first has it.
        if after := await records.swap(client, kept, status):
            taken.append(after.record)
    return taken


def put_off(status: JobStatus, next_at: float | None) -> JobStatus:
    """Return the status of a job whose webhook is due at `next_at`: see `NoteQueue.noticed`."""
    return replace(status, notice_at=next_at) if status.state.is_end else status
