"""What can happen to jobs in the database."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from server.jobs.attempts import is_late
from server.jobs.job import JobRecord, JobState
from server.jobs.queue import Superseded
from server.jobs.sqlite import changing, reading, rows
from server.jobs.sqlite.database import Database
from tests.server.jobs.contract.place import PLENTY_S, job

LATER = 1e12


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    database = Database(tmp_path / "notes.sqlite3")
    yield database.connection
    database.close()


def record(connection: sqlite3.Connection, job_id: str) -> JobRecord:
    return rows.record_of(reading.find_row(connection, job_id))


def test_only_the_take_that_runs_has_a_word(connection: sqlite3.Connection) -> None:
    changing.submit(connection, [job("a")], PLENTY_S)
    seq = rows.seq_of(reading.find_row(connection, "a"))

    def conclude(take: int) -> None:
        changing.conclude(connection, seq, take, lambda status: status, None)

    for take in (1, 2):
        with pytest.raises(Superseded):
            conclude(take)
        changing.begin(connection, seq, 0.0, is_alone=False)
        if take > 1:
            with pytest.raises(Superseded):
                conclude(take - 1)
        conclude(take)
        changing.give_back(connection, seq, 0.0)
    changing.cancel(connection, "a", 0.0)
    changing.remove(connection, "a")
    with pytest.raises(Superseded):
        conclude(2)


def test_the_database_finds_late_what_is_late(connection: sqlite3.Connection) -> None:
    changing.submit(connection, [job(name) for name in "abc"], PLENTY_S)
    seq = rows.seq_of(reading.find_row(connection, "b"))
    changing.begin(connection, seq, 0.0, is_alone=False)
    changing.give_back(connection, seq, 0.0)
    changing.cancel(connection, "c", 0.0)
    changing.retry(connection, "c")
    late = [name for name in "abc" if is_late(record(connection, name), now=LATER)]
    changing.ready(connection, 0, set(), LATER)
    ended = [name for name in "abc" if record(connection, name).status.state is JobState.FAILED]
    assert ended == late == ["a"]


def test_more_late_jobs_than_one_look_ends_are_ended_by_the_next(
    connection: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changing, "MAX_LATE", 3)
    changing.submit(connection, [job(f"n{number}") for number in range(5)], PLENTY_S)
    first = changing.ready(connection, 2, set(), LATER)
    # None of those that are late is run because there were too many of them.
    assert (first.records, first.due_at) == ({}, LATER)
    assert changing.ready(connection, 2, set(), LATER).records == {}
    assert reading.stats(connection).failed == 5
