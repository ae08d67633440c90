"""Many records at once: pages of them, and how many there are."""

from coredis import PureToken, Redis

from server.jobs.job import JobState, Priority
from server.jobs.queue import Page, QueueStats
from server.jobs.redis.records import Records, text

#: More than any number of a job: a longer cursor was never given out.
_MAX_DIGITS = 15


async def page(
    client: Redis[bytes], records: Records, limit: int, cursor: str | None, state: JobState | None
) -> Page:
    """Return up to `limit` of the jobs in `state`, or all: those before the number `cursor`.

    Raises:
        ValueError: `cursor` is none.
    """
    index = records.keys.all if state is None else records.keys.state(state)
    newest = "+inf" if cursor is None else f"({_number(cursor)}"
    # One more tells whether there are more.
    found = await client.zrange(
        index,
        newest,
        "-inf",
        PureToken.BYSCORE,
        rev=True,
        offset=0,
        count=limit + 1,
        withscores=True,
    )
    shown = found[:limit]
    kept = await records.find_all(client, [text(each.member) for each in shown])
    return Page(
        records=tuple(each.record for each in kept if each),
        next_cursor=str(int(shown[-1].score)) if len(found) > limit else None,
    )


async def stats(client: Redis[bytes], records: Records) -> QueueStats:
    """Count what waits, runs and has failed."""
    keys = records.keys
    async with client.pipeline(transaction=True) as pipe:
        counts = pipe.hgetall(keys.counts)
        running = pipe.zcard(keys.state(JobState.RUNNING))
        failed = pipe.zcard(keys.state(JobState.FAILED))
        oldest = pipe.zrange(keys.state(JobState.QUEUED), 0, 0)
    found = {text(name): int(count) for name, count in (await counts).items()}
    first = await records.find_all(client, [text(job_id) for job_id in await oldest])
    return QueueStats(
        queued={priority: found.get(priority.value, 0) for priority in Priority},
        running=await running,
        audio_s=found.get("audio_ms", 0) / 1_000,
        oldest_at=first[0].record.job.accepted_at if first and first[0] else None,
        failed=await failed,
        drained_s=found.get("drained_ms", 0) / 1_000,
    )


def _number(cursor: str) -> int:
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) <= _MAX_DIGITS):
        raise ValueError("no cursor of ours")
    return int(cursor)
