"""The file: which are opened, which are refused, and how old ones are brought forward."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from server.jobs.job import JobRecord
from server.jobs.sqlite import changing, reading
from server.jobs.sqlite.database import Database
from server.jobs.sqlite.rows import record_of
from server.jobs.sqlite.schema import STEPS, DatabaseUnusable
from tests.server.jobs.contract.place import PLENTY_S, job

#: One that no release has.
NEXT = "ALTER TABLE jobs ADD COLUMN tenant TEXT NOT NULL DEFAULT 'everyone'"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "notes.sqlite3"


def found(database: Database, job_id: str) -> JobRecord:
    return record_of(reading.find_row(database.connection, job_id))


def written(path: Path, steps: tuple[str, ...] = STEPS) -> None:
    database = Database(path, steps)
    changing.submit(database.connection, [job("a")], PLENTY_S)
    database.close()


def version_of(path: Path) -> int:
    connection = sqlite3.connect(path)
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    connection.close()
    return int(version)


def test_a_file_of_an_older_version_is_brought_forward_with_all_that_is_in_it(path: Path) -> None:
    written(path, STEPS[:1])
    database = Database(path, (*STEPS, NEXT))
    assert found(database, "a").job.id == "a"
    assert database.connection.execute("SELECT tenant FROM jobs").fetchall() == [("everyone",)]
    database.close()
    assert version_of(path) == len(STEPS) + 1


def test_a_step_that_fails_leaves_the_file_as_it_was(path: Path) -> None:
    written(path)
    with pytest.raises(DatabaseUnusable, match="nothing"):
        Database(path, (*STEPS, f"{NEXT}; DROP TABLE nothing"))
    assert version_of(path) == len(STEPS)
    database = Database(path)
    assert found(database, "a").job.id == "a"
    with pytest.raises(sqlite3.OperationalError, match="no such column"):
        database.connection.execute("SELECT tenant FROM jobs")
    database.close()


def test_a_file_of_a_newer_version_is_refused_and_left_alone(path: Path) -> None:
    written(path, (*STEPS, NEXT))
    before = path.read_bytes()
    with pytest.raises(DatabaseUnusable, match=rf"version {len(STEPS) + 1}, made by a newer"):
        Database(path)
    assert path.read_bytes() == before
    # It is not held afterwards.
    Database(path, (*STEPS, NEXT)).close()


def _other_database(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE jobs (id)")
    connection.close()


OTHERS: dict[str, Callable[[Path], object]] = {
    "something else": _other_database,
    "not a database": lambda path: path.write_bytes(b"Dear diary, " * 1_000),
    "unable to open": lambda path: path.mkdir(),
}


@pytest.mark.parametrize("reason", OTHERS)
def test_what_is_no_file_of_ours_is_refused_with_its_reason(path: Path, reason: str) -> None:
    path.parent.mkdir()
    OTHERS[reason](path)
    with pytest.raises(DatabaseUnusable, match=reason) as refused:
        Database(path)
    assert str(path) in str(refused.value)


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    with pytest.raises(DatabaseUnusable, match="data"):
        Database(tmp_path / "data" / "notes.sqlite3")


def test_one_at_a_time_has_the_file_open(path: Path) -> None:
    first = Database(path)
    with pytest.raises(DatabaseUnusable, match="another process has it open"):
        Database(path)
    first.close()
    Database(path).close()


def test_a_commit_is_on_the_disk(path: Path) -> None:
    database = Database(path)
    pragmas = {
        name: database.connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("journal_mode", "synchronous")
    }
    database.close()
    assert pragmas == {"journal_mode": "wal", "synchronous": 2}  # FULL
