"""The thread of the database: what comes together is committed together, and fails alone."""

import sqlite3
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest

from server.jobs.queue import QueueUnreachable
from server.jobs.sqlite.worker_thread import MAX_COMMANDS, WorkerThread

pytestmark = pytest.mark.anyio


@pytest.fixture
def virtual_time() -> bool:
    return False  # the thread is a real one


class Shelf:
    """A table of numbers, and the thread that works with it."""

    def __init__(self, path: Path) -> None:
        self.connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self.connection.execute("CREATE TABLE numbers (number INTEGER)")
        self.num_commits = 0
        self.connection.set_trace_callback(self._count)
        self.thread = WorkerThread(self.connection)

    def _count(self, statement: str) -> None:
        self.num_commits += statement == "COMMIT"

    async def put(self, number: int) -> None:
        def work(connection: sqlite3.Connection) -> None:
            connection.execute("INSERT INTO numbers VALUES (?)", (number,))

        await self.thread.do(work)

    async def put_and_fail(self, number: int) -> None:
        def work(connection: sqlite3.Connection) -> None:
            connection.execute("INSERT INTO numbers VALUES (?)", (number,))
            raise LookupError(number)

        await self.thread.do(work)

    async def numbers(self) -> list[int]:
        return await self.thread.do(
            lambda connection: [row[0] for row in connection.execute("SELECT * FROM numbers")]
        )


@asynccontextmanager
async def opened(folder: Path) -> AsyncGenerator[Shelf, None]:
    shelf = Shelf(folder / "numbers.sqlite3")
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(shelf.thread.run)
        try:
            yield shelf
        finally:
            shelf.thread.stop()
    shelf.connection.close()


async def test_what_comes_together_shares_a_commit_and_keeps_its_order(tmp_path: Path) -> None:
    count = MAX_COMMANDS + 10
    async with opened(tmp_path) as shelf:
        async with anyio.create_task_group() as tasks:

            async def put(number: int) -> None:
                await shelf.put(number)
                put_at.append(number)

            put_at: list[int] = []
            for number in range(count):
                tasks.start_soon(put, number)
        assert sorted(put_at) == list(range(count))
        # The first may go alone, and one commit holds no more than so many.
        assert shelf.num_commits <= 4
        assert sorted(await shelf.numbers()) == list(range(count))


async def test_what_one_caller_asks_for_is_done_in_order(tmp_path: Path) -> None:
    async with opened(tmp_path) as shelf:
        for number in range(5):
            await shelf.put(number)
        assert await shelf.numbers() == list(range(5))


async def test_one_that_raises_keeps_nothing_and_the_others_keep_all(tmp_path: Path) -> None:
    failed: list[int] = []
    async with opened(tmp_path) as shelf:

        async def put(number: int) -> None:
            if number % 5:
                await shelf.put(number)
            else:
                with pytest.raises(LookupError):
                    await shelf.put_and_fail(number)
                failed.append(number)

        async with anyio.create_task_group() as tasks:
            for number in range(50):
                tasks.start_soon(put, number)
        assert sorted(failed) == list(range(0, 50, 5))
        assert sorted(await shelf.numbers()) == [n for n in range(50) if n % 5]


async def test_a_full_disk_refuses_what_needs_room_and_nothing_else_until_it_has_some(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path) as shelf:
        await shelf.put(1)
        await shelf.thread.do(lambda connection: connection.execute("PRAGMA max_page_count = 2"))
        large = b"\0" * 100_000
        outcomes: list[str] = []

        async def fill() -> None:
            def work(connection: sqlite3.Connection) -> None:
                connection.execute("INSERT INTO numbers VALUES (?)", (large,))

            with pytest.raises(QueueUnreachable, match="full"):
                await shelf.thread.do(work)
            outcomes.append("refused")

        async def ask() -> None:
            assert await shelf.numbers() == [1]
            outcomes.append("answered")

        async with anyio.create_task_group() as tasks:
            for ask_or_fill in (fill, ask) * 4:
                tasks.start_soon(ask_or_fill)
        assert sorted(outcomes) == ["answered"] * 4 + ["refused"] * 4
        await shelf.thread.do(lambda connection: connection.execute("PRAGMA max_page_count = 99"))
        await shelf.put(2)
        assert await shelf.numbers() == [1, 2]


async def test_what_was_asked_for_is_done_though_nobody_waits_any_more(tmp_path: Path) -> None:
    async with opened(tmp_path) as shelf:
        with anyio.CancelScope() as scope:
            scope.cancel()
            await shelf.put(1)
        assert scope.cancelled_caught
        assert await shelf.numbers() == [1]


async def test_after_the_end_nothing_is_waited_for(tmp_path: Path) -> None:
    async with opened(tmp_path) as shelf:
        await shelf.put(1)
    with anyio.fail_after(5.0), pytest.raises(QueueUnreachable):
        await shelf.put(2)
