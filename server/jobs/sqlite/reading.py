"""What can be asked of the database, in its thread. Nothing here looks at more than it returns."""

import json
import sqlite3
from collections.abc import Sequence

from server.jobs.job import JobRecord, JobState, Priority
from server.jobs.queue import Page, QueueStats, UnknownJob
from server.jobs.sqlite.rows import PRIORITIES, SELECT, SELECT_BODILESS, Row, record_of, seq_of

#: Of the largest number that a row can have.
_MAX_CURSOR_CHARS = 19
_MAX_SEQ = (1 << 63) - 1


def find_row(connection: sqlite3.Connection, job_id: str) -> Row:
    """Return the row of a job.

    Raises:
        UnknownJob: see there.
    """
    row: Row | None = connection.execute(f"{SELECT} WHERE id = ?", (job_id,)).fetchone()
    if row is None:
        raise UnknownJob(job_id)
    return row


def find_all(connection: sqlite3.Connection, job_ids: Sequence[str]) -> list[JobRecord | None]:
    """Return jobs, None for those that are not there."""
    question = f"{SELECT_BODILESS} WHERE id IN (SELECT value FROM json_each(?))"  # noqa: S608 a constant
    rows = connection.execute(question, (json.dumps(job_ids),))
    found = {record.job.id: record for record in map(record_of, rows)}
    return [found.get(job_id) for job_id in job_ids]


def digests(connection: sqlite3.Connection, job_ids: Sequence[str]) -> dict[str, str]:
    """Return the digests of those that are there."""
    question = "SELECT id, digest FROM jobs WHERE id IN (SELECT value FROM json_each(?))"
    return dict(connection.execute(question, (json.dumps(job_ids),)))


def page(connection: sqlite3.Connection, limit: int, before: int, state: JobState | None) -> Page:
    """Return up to `limit` of the jobs in `state`, or all, that came before row `before`."""
    where, values = ("", ()) if state is None else ("state = ? AND", (state.value,))
    question = f"{SELECT_BODILESS} WHERE {where} seq < ? ORDER BY seq DESC LIMIT ?"
    rows = connection.execute(question, (*values, before, limit + 1)).fetchall()
    has_more = len(rows) > limit
    return Page(
        records=tuple(map(record_of, rows[:limit])),
        next_cursor=str(seq_of(rows[limit - 1])) if has_more else None,
    )


def row_before(cursor: str | None) -> int:
    """Return the number that a cursor stands for; all rows come before that of none.

    Raises:
        ValueError: it is none that was given out.
    """
    if cursor is None:
        return _MAX_SEQ
    if not (cursor.isascii() and cursor.isdecimal() and len(cursor) <= _MAX_CURSOR_CHARS):
        raise ValueError("that is no cursor of ours")
    return min(int(cursor), _MAX_SEQ)


def ended_before(connection: sqlite3.Connection, time: float, limit: int) -> list[JobRecord]:
    """Return jobs that ended before `time`, the oldest first."""
    question = f"{SELECT_BODILESS} WHERE ended_at < ? ORDER BY ended_at, seq LIMIT ?"
    return [record_of(row) for row in connection.execute(question, (time, limit))]


def waiting_ms(connection: sqlite3.Connection) -> int:
    """Return how many milliseconds of audio wait or are being made."""
    question = "SELECT sum(audio_ms) FROM totals WHERE state IN ('queued', 'running')"
    return int(connection.execute(question).fetchone()[0])


def stats(connection: sqlite3.Connection) -> QueueStats:
    """Count what is there."""
    counts: dict[tuple[str, Priority], int] = {
        (state, PRIORITIES[number]): num_jobs
        for state, number, num_jobs in connection.execute(
            "SELECT state, priority, num_jobs FROM totals"
        )
    }
    oldest = connection.execute(
        "SELECT accepted_at FROM jobs WHERE state = 'queued' ORDER BY seq LIMIT 1"
    ).fetchone()
    drained = connection.execute("SELECT audio_ms FROM drained").fetchone()
    return QueueStats(
        queued={priority: counts["queued", priority] for priority in PRIORITIES},
        running=sum(counts["running", priority] for priority in PRIORITIES),
        failed=sum(counts["failed", priority] for priority in PRIORITIES),
        audio_s=waiting_ms(connection) / 1000,
        oldest_at=oldest[0] if oldest else None,
        drained_s=drained[0] / 1000,
    )
