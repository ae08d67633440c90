"""Webhooks that are due, in the thread of the database."""

import sqlite3
from dataclasses import replace

from server.jobs.attempts import notice_taken
from server.jobs.job import JobRecord
from server.jobs.sqlite.rows import SELECT_BODILESS, record_of, seq_of, update

_DUE = f"""
    {SELECT_BODILESS} WHERE notice_at <= ? AND webhook IS NOT NULL ORDER BY notice_at LIMIT ?
"""


def take(connection: sqlite3.Connection, now: float, until: float, limit: int) -> list[JobRecord]:
    """Return jobs whose webhook is due: see `NoteQueue.take_notices`."""
    taken = []
    for row in connection.execute(_DUE, (now, limit)).fetchall():
        record = record_of(row)
        status = notice_taken(record.status, until)
        update(connection, seq_of(row), status)
        taken.append(replace(record, status=status))
    return taken
