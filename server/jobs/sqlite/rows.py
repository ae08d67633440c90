"""Jobs and what has become of them, as rows and back."""

import sqlite3
from collections.abc import Iterable
from typing import Any

from server.audio.formats import AudioFormat
from server.jobs.job import Job, JobError, JobRecord, JobState, JobStatus, LandedAudio, Priority

#: By their numbers in the database: the smaller, the sooner.
PRIORITIES = tuple(Priority)

_JOB = "id, digest, body, format, priority, num_chars, audio_s, accepted_at, expires_at, webhook"
_STATUS = (
    "state, attempts, failures, is_alone, is_suspect, is_cancelling, is_resent, is_retired,"
    " made_s, begun_at, ended_at, error_code, error_message, audio_take, audio_bytes,"
    " notices, notice_at"
)

#: The start of every question whose answers are `record_of`.
SELECT = f"SELECT {_JOB}, {_STATUS}, seq FROM jobs"  # noqa: S608 names of columns
#: The same without the bodies, for questions with many answers.
SELECT_BODILESS = SELECT.replace(" body,", " x'',")

_INSERT = f"INSERT INTO jobs ({_JOB}) VALUES ({', '.join('?' * 10)})"  # noqa: S608 as above
_UPDATE = f"UPDATE jobs SET ({_STATUS}, ready_at) = ({', '.join('?' * 18)}) WHERE seq = ?"  # noqa: S608

Row = tuple[Any, ...]


def insert(connection: sqlite3.Connection, jobs: Iterable[Job]) -> None:
    """Add jobs, of ids that are not there."""
    connection.executemany(_INSERT, map(_job_row, jobs))


def update(
    connection: sqlite3.Connection, seq: int, status: JobStatus, ready_at: float | None = None
) -> None:
    """Change what has become of the job in a row. How much was spoken is not kept."""
    connection.execute(_UPDATE, (*_status_row(status), ready_at, seq))


def record_of(row: Row) -> JobRecord:
    """Return the job of a row of `SELECT`, and what has become of it."""
    return JobRecord(job=_job_of(row[:10]), status=_status_of(row[10:27]))


def seq_of(row: Row) -> int:
    """Return the number of a row of `SELECT`, which it keeps, and no other ever has."""
    return int(row[27])


def _job_row(job: Job) -> Row:
    return (
        job.id,
        job.digest,
        job.body,
        job.format.value,
        PRIORITIES.index(job.priority),
        job.num_chars,
        job.audio_s,
        job.accepted_at,
        job.expires_at,
        job.webhook,
    )


def _job_of(row: Row) -> Job:
    job_id, digest, body, audio_format, priority, *numbers, webhook = row
    num_chars, audio_s, accepted_at, expires_at = numbers
    return Job(
        id=job_id,
        digest=digest,
        body=body,
        format=AudioFormat(audio_format),
        priority=PRIORITIES[priority],
        num_chars=num_chars,
        audio_s=audio_s,
        accepted_at=accepted_at,
        expires_at=expires_at,
        webhook=webhook,
    )


def _status_row(status: JobStatus) -> Row:
    error, audio = status.error, status.audio
    return (
        status.state.value,
        status.attempts,
        status.failures,
        status.is_alone,
        status.is_suspect,
        status.is_cancelling,
        status.is_resent,
        status.is_retired,
        status.made_s,
        status.begun_at,
        status.ended_at,
        error.code if error else None,
        error.message if error else None,
        audio.take if audio else None,
        audio.num_bytes if audio else None,
        status.notices,
        status.notice_at,
    )


def _status_of(row: Row) -> JobStatus:
    state, attempts, failures, alone, suspect, cancelling, resent, retired, *rest = row
    made_s, begun_at, ended_at, code, message, take, num_bytes, notices, notice_at = rest
    return JobStatus(
        state=JobState(state),
        attempts=attempts,
        failures=failures,
        is_alone=bool(alone),
        is_suspect=bool(suspect),
        is_cancelling=bool(cancelling),
        is_resent=bool(resent),
        is_retired=bool(retired),
        made_s=made_s,
        begun_at=begun_at,
        ended_at=ended_at,
        error=None if code is None else JobError(code=code, message=message),
        audio=None if take is None else LandedAudio(take=take, num_bytes=num_bytes),
        notices=notices,
        notice_at=notice_at,
    )
