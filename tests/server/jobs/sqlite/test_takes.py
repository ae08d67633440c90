"""What may be said of a take in the database."""

import sqlite3
from functools import partial

import pytest

from server.jobs import attempts
from server.jobs.queue import Superseded
from server.jobs.sqlite import changing, reading, rows, takes
from tests.server.jobs.contract.place import PLENTY_S, job


def test_only_the_take_that_runs_has_a_word(connection: sqlite3.Connection) -> None:
    changing.submit(connection, [job("a")], PLENTY_S)
    seq = rows.seq_of(reading.find_row(connection, "a"))

    def conclude(take: int) -> None:
        takes.conclude(connection, seq, take, lambda status: status, None)

    for take in (1, 2):
        with pytest.raises(Superseded):
            conclude(take)
        takes.begin(connection, seq, 0.0, is_alone=False)
        if take > 1:
            with pytest.raises(Superseded):
                conclude(take - 1)
        conclude(take)
        takes.give_back(connection, seq, 0.0)
    changing.change(connection, "a", partial(attempts.cancelled, now=0.0))
    changing.remove(connection, "a")
    with pytest.raises(Superseded):
        conclude(2)
