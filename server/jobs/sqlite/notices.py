"""Webhooks that are due, in the thread of the database."""

import sqlite3
from dataclasses import replace

from server.jobs.job import JobRecord
from server.jobs.queue import UnknownJob
from server.jobs.sqlite.rows import SELECT_BODILESS, record_of, seq_of, update


def take(connection: sqlite3.Connection, now: float, until: float, limit: int) -> list[JobRecord]:
    """Return jobs whose webhook is due: see `NoteQueue.take_notices`."""
    where = "notice_at <= ? AND webhook IS NOT NULL ORDER BY notice_at"
    question = f"{SELECT_BODILESS} WHERE {where} LIMIT ?"
    taken = []
    for row in connection.execute(question, (now, limit)).fetchall():
        record = record_of(row)
        status = replace(record.status, notices=record.status.notices + 1, notice_at=until)
        update(connection, seq_of(row), status)
        taken.append(replace(record, status=status))
    return taken


def put_off(connection: sqlite3.Connection, job_id: str, next_at: float | None) -> None:
    """Say when the webhook of a job is due again: see `NoteQueue.noticed`."""
    question = "UPDATE jobs SET notice_at = ? WHERE id = ? AND ended_at IS NOT NULL"
    if not connection.execute(question, (next_at, job_id)).rowcount:
        raise UnknownJob(job_id)
