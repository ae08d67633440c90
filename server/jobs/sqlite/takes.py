"""The takes of this process, and of one that died, in the thread of the database."""

import sqlite3

from server.jobs import attempts
from server.jobs.job import JobState, JobStatus
from server.jobs.queue import Superseded
from server.jobs.sqlite.changing import Change
from server.jobs.sqlite.rows import SELECT, Row, record_of, seq_of, update


def begin(connection: sqlite3.Connection, seq: int, now: float, *, is_alone: bool) -> JobStatus:
    """Begin a take of the job in a row: see `Claim.begin`."""
    status = _status(connection, seq)
    if status.state is not JobState.QUEUED or (status.is_suspect and not is_alone):
        raise Superseded
    status = attempts.begun(status, now=now, is_alone=is_alone)
    update(connection, seq, status)
    return status


def conclude(
    connection: sqlite3.Connection, seq: int, take: int, decide: Change, ready_at: float | None
) -> None:
    """Change what has become of the job in a row, whose running take must be `take`.

    Raises:
        Superseded: it is another's.
    """
    status = _status(connection, seq)
    if status.state is not JobState.RUNNING or status.attempts != take:
        raise Superseded
    status = decide(status)
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


def _status(connection: sqlite3.Connection, seq: int) -> JobStatus:
    row: Row | None = connection.execute(f"{SELECT} WHERE seq = ?", (seq,)).fetchone()
    if row is None:
        raise Superseded
    return record_of(row).status
