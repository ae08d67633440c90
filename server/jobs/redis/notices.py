"""Webhooks that are due: each is taken by one process at a time."""

from coredis import PureToken, Redis

from server.jobs.attempts import notice_taken
from server.jobs.job import JobRecord
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
        # Of processes that have found it due, the first has it: here it may be another's already.
        if kept is None or kept.status.notice_at is None or kept.status.notice_at > now:
            continue
        if after := await records.swap(client, kept, notice_taken(kept.status, until)):
            taken.append(after.record)
    return taken
