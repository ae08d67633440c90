"""Which jobs should be run next, in the thread of the database."""

import sqlite3
from collections.abc import Collection
from dataclasses import dataclass
from itertools import islice

from server.jobs import attempts
from server.jobs.job import JobRecord
from server.jobs.sqlite.rows import SELECT, record_of, seq_of, update

#: Ended in one transaction: others wait for it, for some milliseconds.
MAX_LATE = 500

_READY = f"""
    {SELECT} INDEXED BY jobs_ready WHERE state = 'queued' AND ready_at IS NULL
    ORDER BY priority, seq LIMIT ?
"""
_LATE = "INDEXED BY jobs_late WHERE state = 'queued' AND attempts = 0 AND is_resent = 0"


@dataclass(frozen=True, slots=True)
class Ready:
    """Jobs to be run now, by row. At `due_at` there may be others, or some may be late."""

    records: dict[int, JobRecord]
    due_at: float


def ready(connection: sqlite3.Connection, limit: int, held: Collection[str], now: float) -> Ready:
    """Return up to `limit` jobs that should be run next, but for those whose ids are `held`.

    Jobs that are too late are ended.
    """
    connection.execute("UPDATE jobs SET ready_at = NULL WHERE ready_at <= ?", (now,))
    if _end_late(connection, now) == MAX_LATE:
        return Ready({}, now)
    rows = connection.execute(_READY, (limit + len(held) if limit else 0,)).fetchall()
    found = ((seq_of(row), record_of(row)) for row in rows)
    free = ((seq, record) for seq, record in found if record.job.id not in held)
    return Ready(dict(islice(free, limit)), _due_at(connection))


def _end_late(connection: sqlite3.Connection, now: float) -> int:
    question = f"{SELECT} {_LATE} AND expires_at <= ? ORDER BY expires_at LIMIT ?"
    rows = connection.execute(question, (now, MAX_LATE)).fetchall()
    for row in rows:
        update(connection, seq_of(row), attempts.expired(record_of(row).status, now=now))
    return len(rows)


def _due_at(connection: sqlite3.Connection) -> float:
    questions = (
        "SELECT min(ready_at) FROM jobs WHERE ready_at IS NOT NULL",
        f"SELECT min(expires_at) FROM jobs {_LATE}",  # noqa: S608 a constant
    )
    times = [connection.execute(question).fetchone()[0] for question in questions]
    return min((time for time in times if time is not None), default=float("inf"))
