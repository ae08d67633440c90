"""What is asked from outside, in the thread of the database."""

import sqlite3
from collections.abc import Callable, Sequence
from typing import TypeAlias

from server.jobs import attempts
from server.jobs.job import Job, JobRecord, JobStatus
from server.jobs.queue import QueueFull, Receipt
from server.jobs.sqlite.reading import digests, find_row, waiting_ms
from server.jobs.sqlite.rows import insert, record_of, seq_of, update

#: What becomes of a status.
Change: TypeAlias = Callable[[JobStatus], JobStatus]


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


def change(connection: sqlite3.Connection, job_id: str, decide: Change) -> JobRecord:
    """Change what has become of a job, and return it as it is then.

    Raises:
        UnknownJob: see there.
        Exception: whatever `decide` raises.
    """
    row = find_row(connection, job_id)
    record = record_of(row)
    status = decide(record.status)
    if status != record.status:
        update(connection, seq_of(row), status)
    return JobRecord(job=record.job, status=status)


def remove(connection: sqlite3.Connection, job_id: str) -> None:
    """Forget a job that has ended: see `NoteQueue.remove`."""
    row = find_row(connection, job_id)
    attempts.check_ended(record_of(row).status)
    connection.execute("DELETE FROM jobs WHERE seq = ?", (seq_of(row),))
