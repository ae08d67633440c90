"""What is asked of many jobs costs no more than of few."""

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest

from server.jobs import attempts
from server.jobs.job import JobError, JobRecord, JobState, JobStatus, LandedAudio, Priority
from server.jobs.sqlite import changing, notices, reading, rows, takes
from server.jobs.sqlite.ready import ready
from tests.server.jobs.contract.place import PLENTY_S, job

LATER = 1e12

cancelled = partial(attempts.cancelled, now=LATER)

QUESTIONS: dict[str, Callable[[sqlite3.Connection], object]] = {
    "stats": reading.stats,
    "depth": reading.waiting_ms,
    "find": lambda c: reading.find_row(c, "queued-7"),
    "find_all": lambda c: reading.find_all(c, ["queued-7", "stored-3", "nobody"]),
    "page": lambda c: reading.page(c, 5, 20, None),
    "page of a state": lambda c: reading.page(c, 5, 20, JobState.FAILED),
    "ended_before": lambda c: reading.ended_before(c, LATER, 5),
    "submit": lambda c: changing.submit(c, [job("new")], PLENTY_S),
    "ready": lambda c: ready(c, 2, {"queued-0", "queued-1"}, 0.0),
    "cancel": lambda c: changing.change(c, "queued-7", cancelled),
    "retry": lambda c: changing.change(c, "failed-7", attempts.retried),
    "remove": lambda c: changing.remove(c, "stored-7"),
    "notices": lambda c: notices.take(c, LATER, LATER, 5),
    "recover": lambda c: takes.recover(c, LATER),
}

OUTCOMES: dict[str, Callable[[JobStatus], JobStatus]] = {
    "queued": lambda status: status,
    "postponed": lambda status: status,
    "stored": lambda s: attempts.stored(s, LandedAudio(take=1, num_bytes=1), now=1.0),
    "failed": lambda s: attempts.failed(
        s, JobError(code="c", message="m"), now=2.0, may_retry=False
    ),
}


def fill(connection: sqlite3.Connection, numbers: range) -> None:
    connection.execute("BEGIN")
    for name, change in OUTCOMES.items():
        notes = [job(f"{name}-{number}") for number in numbers]
        changing.submit(connection, notes, PLENTY_S * 1e3)
        for note in notes:
            seq = rows.seq_of(reading.find_row(connection, note.id))
            rows.update(
                connection, seq, change(JobStatus()), LATER if name == "postponed" else None
            )
    connection.execute("COMMIT")


def num_steps(connection: sqlite3.Connection, ask: Callable[[sqlite3.Connection], object]) -> int:
    """Return how many instructions SQLite runs for a question, which changes nothing for good."""
    steps = 0

    def count() -> None:
        nonlocal steps
        steps += 1

    connection.execute("BEGIN")
    connection.set_progress_handler(count, 1)
    ask(connection)
    connection.set_progress_handler(None, 1)
    connection.execute("ROLLBACK")
    return steps


def test_no_question_looks_at_more_than_it_returns(connection: sqlite3.Connection) -> None:
    fill(connection, range(20))
    few = {name: num_steps(connection, ask) for name, ask in QUESTIONS.items()}
    fill(connection, range(20, 1_000))
    many = {name: num_steps(connection, ask) for name, ask in QUESTIONS.items()}
    assert many == {name: pytest.approx(steps, rel=0.2) for name, steps in few.items()}


def test_a_look_at_many_jobs_reads_no_texts(connection: sqlite3.Connection) -> None:
    books = [replace(job(f"n{n}"), body=bytes(1_000_000)) for n in range(5)]
    changing.submit(connection, books, PLENTY_S)
    names = [book.id for book in books]
    found = [*reading.find_all(connection, names), *reading.page(connection, 5, 100, None).records]
    assert [record and record.job.body for record in found] == [b""] * 10


def test_every_field_of_a_job_and_its_status_is_kept(connection: sqlite3.Connection) -> None:
    kept = replace(
        job("a", priority=Priority.LOW, webhook="https://example.org"), accepted_at=1.5, num_chars=3
    )
    status = JobStatus(
        state=JobState.RUNNING,
        attempts=5,
        failures=2,
        is_alone=True,
        is_suspect=True,
        is_cancelling=True,
        is_resent=True,
        is_retired=True,
        begun_at=2.5,
        ended_at=3.5,
        error=JobError(code="code", message="message"),
        audio=LandedAudio(take=4, num_bytes=1 << 40),
    )
    changing.submit(connection, [kept], PLENTY_S)
    rows.update(connection, rows.seq_of(reading.find_row(connection, "a")), status)
    found = rows.record_of(reading.find_row(connection, "a"))
    assert found == JobRecord(job=kept, status=status)


def test_totals_are_exact_whatever_comes_and_goes(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN")
    for number in range(300):
        changing.submit(connection, [job(f"n{number}", audio_s=0.1 * (number % 7))], PLENTY_S)
        changing.change(connection, f"n{number}", cancelled)
        if number % 3:
            changing.remove(connection, f"n{number}")
        else:
            changing.change(connection, f"n{number}", attempts.retried)
    counted = connection.execute(
        "SELECT state, priority, count(*), sum(CAST(round(audio_s * 1000) AS INTEGER))"
        " FROM jobs GROUP BY state, priority"
    ).fetchall()
    assert counted == connection.execute("SELECT * FROM totals WHERE num_jobs > 0").fetchall()
    for number in range(0, 300, 3):
        changing.change(connection, f"n{number}", cancelled)
    assert reading.stats(connection).audio_s == 0.0
