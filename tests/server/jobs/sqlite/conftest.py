"""A database for each test, asked in the thread of the test."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from server.jobs.sqlite.database import Database


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    database = Database(tmp_path / "notes.sqlite3")
    yield database.connection
    database.close()
