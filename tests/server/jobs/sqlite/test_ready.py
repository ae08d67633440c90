"""Which jobs of the database are run next, and which are too late."""

import sqlite3
from functools import partial

import pytest

from server.jobs import attempts
from server.jobs.job import JobRecord, JobState
from server.jobs.sqlite import changing, reading, rows, takes
from server.jobs.sqlite.ready import ready
from tests.server.jobs.contract.place import PLENTY_S, job

LATER = 1e12


def record(connection: sqlite3.Connection, job_id: str) -> JobRecord:
    return rows.record_of(reading.find_row(connection, job_id))


def test_the_database_finds_late_what_is_late(connection: sqlite3.Connection) -> None:
    changing.submit(connection, [job(name) for name in "abc"], PLENTY_S)
    seq = rows.seq_of(reading.find_row(connection, "b"))
    takes.begin(connection, seq, 0.0, is_alone=False)
    takes.give_back(connection, seq, 0.0)
    changing.change(connection, "c", partial(attempts.cancelled, now=0.0))
    changing.change(connection, "c", attempts.retried)
    late = [name for name in "abc" if attempts.is_late(record(connection, name), now=LATER)]
    ready(connection, 0, set(), LATER)
    ended = [name for name in "abc" if record(connection, name).status.state is JobState.FAILED]
    assert ended == late == ["a"]


def test_more_late_jobs_than_one_look_ends_are_ended_by_the_next(
    connection: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.jobs.sqlite.ready.MAX_LATE", 3)
    changing.submit(connection, [job(f"n{number}") for number in range(5)], PLENTY_S)
    first = ready(connection, 2, set(), LATER)
    # None of those that are late is run because there were too many of them.
    assert (first.records, first.due_at) == ({}, LATER)
    assert ready(connection, 2, set(), LATER).records == {}
    assert reading.stats(connection).failed == 5
