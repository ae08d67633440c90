"""What can happen to jobs in the database, in its thread."""

import sqlite3
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from server.jobs import attempts
from server.jobs.job import Job, JobRecord, JobState, JobStatus
from server.jobs.queue import QueueFull, Receipt, Superseded, WrongState
from server.jobs.sqlite.reading import digests, find_row, waiting_ms
from server.jobs.sqlite.rows import SELECT, Row, insert, record_of, seq_of, update

#: Ended in one transaction: others wait for it, for some milliseconds.
MAX_LATE = 500

#: What becomes of a status.
Change = Callable[[JobStatus], JobStatus]


def submit(
    connection: sqlite3.Connection, jobs: Sequence[Job], max_audio_s: float
) -> list[Receipt]:
    """Accept jobs: see `NoteQueue.submit`."""
    known = digests(connection, [job.id for job in jobs])
    receipts, fresh = [], []
    for job in jobs:
        digest = known.setdefault(job.id, "")
        if not digest:
            known[job.id] = job.digest
            fresh.append(job)
            receipts.append(Receipt.ACCEPTED)
        else:
            receipts.append(Receipt.EXISTING if digest == job.digest else Receipt.CONFLICT)
    waiting_s = waiting_ms(connection) / 1000 + sum(job.audio_s for job in fresh)
    if fresh and waiting_s > max_audio_s:
        raise QueueFull(waiting_s - max_audio_s)
    insert(connection, fresh)
    return receipts


def cancel(connection: sqlite3.Connection, job_id: str, now: float) -> JobRecord:
    """End a job that waits; note of one that runs that it is to be: see `NoteQueue.cancel`."""
    row = find_row(connection, job_id)
    record = record_of(row)
    if record.status.state is JobState.QUEUED:
        return _changed(connection, row, attempts.cancelled(record.status, now=now))
    if record.status.state is JobState.RUNNING:
        return _changed(connection, row, replace(record.status, is_cancelling=True))
    if record.status.state is not JobState.CANCELLED:
        raise _wrong(record)
    return record


def retry(connection: sqlite3.Connection, job_id: str) -> JobRecord:
    """Queue a job once more: see `NoteQueue.retry`."""
    row = find_row(connection, job_id)
    record = record_of(row)
    if record.status.state not in {JobState.FAILED, JobState.CANCELLED}:
        raise _wrong(record)
    return _changed(connection, row, attempts.retried(record.status))


def remove(connection: sqlite3.Connection, job_id: str) -> None:
    """Forget a job that has ended: see `NoteQueue.remove`."""
    row = find_row(connection, job_id)
    record = record_of(row)
    if not record.status.state.is_end:
        raise _wrong(record)
    connection.execute("DELETE FROM jobs WHERE seq = ?", (seq_of(row),))


def begin(connection: sqlite3.Connection, seq: int, now: float, *, is_alone: bool) -> JobStatus:
    """Begin a take of the job in a row: see `Claim.begin`."""
    status = _status(connection, seq)
    if status.state is not JobState.QUEUED or (status.is_suspect and not is_alone):
        raise Superseded
    status = attempts.begun(status, now=now, is_alone=is_alone)
    update(connection, seq, status)
    return status


def conclude(
    connection: sqlite3.Connection, seq: int, take: int, change: Change, ready_at: float | None
) -> None:
    """Change what has become of the job in a row, whose running take must be `take`.

    Raises:
        Superseded: it is another's.
    """
    status = _status(connection, seq)
    if status.state is not JobState.RUNNING or status.attempts != take:
        raise Superseded
    status = change(status)
    update(connection, seq, status, ready_at if status.state is JobState.QUEUED else None)


def give_back(connection: sqlite3.Connection, seq: int, now: float) -> None:
    """Queue the job in a row again, if it is running."""
    row = connection.execute(f"{SELECT} WHERE seq = ?", (seq,)).fetchone()
    if row is not None and (status := record_of(row).status).state is JobState.RUNNING:
        update(connection, seq, attempts.released(status, now=now))


def recover(connection: sqlite3.Connection, now: float) -> int:
    """Take up all that runs, which nobody is at, and return how many those are."""
    rows = connection.execute(f"{SELECT} WHERE state = 'running'").fetchall()
    for row in rows:
        update(connection, seq_of(row), attempts.abandoned(record_of(row).status, now=now))
    return len(rows)


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


_READY = f"""
    {SELECT} INDEXED BY jobs_ready WHERE state = 'queued' AND ready_at IS NULL
    ORDER BY priority, seq LIMIT ?
"""
_LATE = "INDEXED BY jobs_late WHERE state = 'queued' AND attempts = 0 AND is_resent = 0"


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


def _status(connection: sqlite3.Connection, seq: int) -> JobStatus:
    row: Row | None = connection.execute(f"{SELECT} WHERE seq = ?", (seq,)).fetchone()
    if row is None:
        raise Superseded
    return record_of(row).status


def _changed(connection: sqlite3.Connection, row: Row, status: JobStatus) -> JobRecord:
    update(connection, seq_of(row), status)
    return JobRecord(job=record_of(row).job, status=status)


def _wrong(record: JobRecord) -> WrongState:
    return WrongState(f"the job is {record.status.state.value}")
