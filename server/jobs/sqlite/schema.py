"""The tables, by version. A file of an older version is brought forward when it is opened.

A step that was released is never changed: files out there have taken it.
"""

import sqlite3
from collections.abc import Sequence

#: "VOXN": a file of SQLite that has another is somebody else's.
APPLICATION_ID = 0x564F584E

_JOBS = """
CREATE TABLE jobs (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    digest TEXT NOT NULL,
    body BLOB NOT NULL,
    format TEXT NOT NULL,
    priority INTEGER NOT NULL,
    num_chars INTEGER NOT NULL,
    audio_s REAL NOT NULL,
    accepted_at REAL NOT NULL,
    expires_at REAL NOT NULL,
    webhook TEXT,
    state TEXT NOT NULL DEFAULT 'queued',
    attempts INTEGER NOT NULL DEFAULT 0,
    failures INTEGER NOT NULL DEFAULT 0,
    is_alone INTEGER NOT NULL DEFAULT 0,
    is_suspect INTEGER NOT NULL DEFAULT 0,
    is_cancelling INTEGER NOT NULL DEFAULT 0,
    is_resent INTEGER NOT NULL DEFAULT 0,
    made_s REAL NOT NULL DEFAULT 0,
    begun_at REAL,
    ended_at REAL,
    error_code TEXT,
    error_message TEXT,
    audio_take INTEGER,
    audio_bytes INTEGER,
    notices INTEGER NOT NULL DEFAULT 0,
    notice_at REAL,
    -- Of one that was postponed: it is not begun before.
    ready_at REAL
) STRICT;
CREATE INDEX jobs_ready ON jobs (priority, seq) WHERE state = 'queued' AND ready_at IS NULL;
CREATE INDEX jobs_postponed ON jobs (ready_at) WHERE ready_at IS NOT NULL;
CREATE INDEX jobs_late ON jobs (expires_at)
    WHERE state = 'queued' AND attempts = 0 AND is_resent = 0;
CREATE INDEX jobs_by_state ON jobs (state, seq);
CREATE INDEX jobs_to_tell ON jobs (notice_at) WHERE notice_at IS NOT NULL AND webhook IS NOT NULL;
CREATE INDEX jobs_ended ON jobs (ended_at) WHERE ended_at IS NOT NULL;
"""

# Audio is summed up in milliseconds: sums of floats that come and go would drift.
_TOTALS = """
CREATE TABLE totals (
    state TEXT NOT NULL,
    priority INTEGER NOT NULL,
    num_jobs INTEGER NOT NULL DEFAULT 0,
    audio_ms INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (state, priority)
) STRICT, WITHOUT ROWID;
INSERT INTO totals (state, priority) SELECT states.column1, priorities.column1
    FROM (VALUES ('queued'), ('running'), ('stored'), ('failed'), ('cancelled')) AS states,
        (VALUES (0), (1), (2)) AS priorities;
CREATE TRIGGER job_added AFTER INSERT ON jobs BEGIN
    UPDATE totals SET num_jobs = num_jobs + 1,
        audio_ms = audio_ms + CAST(round(new.audio_s * 1000) AS INTEGER)
        WHERE state = new.state AND priority = new.priority;
END;
CREATE TRIGGER job_moved AFTER UPDATE OF state ON jobs WHEN new.state <> old.state BEGIN
    UPDATE totals SET num_jobs = num_jobs - 1,
        audio_ms = audio_ms - CAST(round(old.audio_s * 1000) AS INTEGER)
        WHERE state = old.state AND priority = old.priority;
    UPDATE totals SET num_jobs = num_jobs + 1,
        audio_ms = audio_ms + CAST(round(new.audio_s * 1000) AS INTEGER)
        WHERE state = new.state AND priority = new.priority;
END;
CREATE TABLE drained (audio_ms INTEGER NOT NULL) STRICT;
INSERT INTO drained VALUES (0);
CREATE TRIGGER job_ended AFTER UPDATE OF ended_at ON jobs
    WHEN old.ended_at IS NULL AND new.ended_at IS NOT NULL BEGIN
    UPDATE drained SET audio_ms = audio_ms + CAST(round(new.audio_s * 1000) AS INTEGER);
END;
CREATE TRIGGER job_removed AFTER DELETE ON jobs BEGIN
    UPDATE totals SET num_jobs = num_jobs - 1,
        audio_ms = audio_ms - CAST(round(old.audio_s * 1000) AS INTEGER)
        WHERE state = old.state AND priority = old.priority;
END;
"""

_RETIRED = "ALTER TABLE jobs ADD COLUMN is_retired INTEGER NOT NULL DEFAULT 0"

#: The step at index n leads from version n to n + 1.
STEPS = (_JOBS + _TOTALS, _RETIRED)


class DatabaseUnusable(Exception):
    """The file is none that jobs can wait in here. The message says why, for operators."""


def migrate(connection: sqlite3.Connection, steps: Sequence[str] = STEPS) -> None:
    """Bring the tables to the newest version, each step whole or not at all.

    Raises:
        DatabaseUnusable: they are somebody else's, or of a version that is newer still.
        sqlite3.Error: it is no file of SQLite, or the disk refuses it.
    """
    version = _number(connection, "PRAGMA user_version")
    is_new = not _number(connection, "SELECT count(*) FROM sqlite_schema")
    if not is_new and _number(connection, "PRAGMA application_id") != APPLICATION_ID:
        raise DatabaseUnusable("it is the database of something else")
    if version > len(steps):
        raise DatabaseUnusable(
            f"its tables are of version {version}, made by a newer release than this one, which "
            f"knows version {len(steps)}; start the newer release, or take another folder"
        )
    for number, step in enumerate(steps[version:], version + 1):
        connection.executescript(
            f"BEGIN; {step}; PRAGMA application_id = {APPLICATION_ID};"
            f" PRAGMA user_version = {number}; COMMIT;"
        )


def _number(connection: sqlite3.Connection, question: str) -> int:
    (number,) = connection.execute(question).fetchone()
    return int(number)
