"""The queue in a file: what every queue promises, and what is its own."""

from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import anyio
import pytest

from server.jobs.job import JobState, LandedAudio, Priority
from server.jobs.queue import Claim, NoteQueue, QueueUnreachable
from server.jobs.sqlite import running as sqlite_running
from server.jobs.sqlite.queue import SqliteNoteQueue
from tests.server.jobs.contract.place import (
    PLENTY_S,
    TIMEOUT_S,
    Worker,
    ended,
    hold,
    job,
    jobs,
    running,
    status_in,
    store,
    until,
)
from tests.server.jobs.queue_contract import NoteQueueContract

pytestmark = pytest.mark.anyio


@pytest.fixture
def virtual_time() -> bool:
    return False  # the database has a thread of its own


class TestSqliteNoteQueue(NoteQueueContract):
    @pytest.fixture(autouse=True)
    def _file(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.path = tmp_path / "data" / "notes.sqlite3"
        # The dead are not waited for.
        monkeypatch.setattr(sqlite_running, "GIVE_BACK_S", 0.05)

    def opened(self, *, max_audio_s: float = PLENTY_S) -> AbstractAsyncContextManager[NoteQueue]:
        return SqliteNoteQueue.open(self.path, max_audio_s=max_audio_s)

    async def kill(self, queue: NoteQueue) -> None:
        assert isinstance(queue, SqliteNoteQueue)
        queue._thread._is_open = False


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "notes.sqlite3"


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_running, "RETRY_S", 0.01)


@asynccontextmanager
async def read_only(queue: SqliteNoteQueue) -> AsyncGenerator[None, None]:
    """Let the disk refuse to be written inside the block."""
    await queue._thread.do(lambda connection: connection.execute("PRAGMA query_only = ON"))
    yield
    await queue._thread.do(lambda connection: connection.execute("PRAGMA query_only = OFF"))


async def test_many_that_submit_at_once_share_a_few_commits(path: Path) -> None:
    statements: list[str] = []
    async with SqliteNoteQueue.open(path, max_audio_s=PLENTY_S) as queue:
        queue._thread._connection.set_trace_callback(statements.append)
        async with anyio.create_task_group() as tasks:
            for number in range(200):
                tasks.start_soon(queue.submit, [job(f"n{number}")])
        assert (await queue.stats()).queued[Priority.NORMAL] == 200
        assert statements.count("COMMIT") <= 5


async def test_a_disk_that_cannot_be_written_refuses_jobs_and_loses_none(path: Path) -> None:
    async with SqliteNoteQueue.open(path, max_audio_s=PLENTY_S) as queue:
        await queue.submit(jobs("a"))
        async with read_only(queue):
            with pytest.raises(QueueUnreachable, match="readonly"):
                await queue.submit(jobs("b"))
            with pytest.raises(QueueUnreachable):
                await queue.cancel("a")
            (found, missing) = await queue.find_all(["a", "b"])
            assert (found and found.status, missing) == ((await queue.find("a")).status, None)
        await queue.submit(jobs("b"))
        async with running(queue, store):
            ends = await ended(queue, *"ab")
    assert [status.attempts for status in ends] == [1, 1]


async def test_what_cannot_begin_waits_until_the_disk_can_be_written_again(path: Path) -> None:
    refused: list[str] = []
    go_on = anyio.Event()

    async def act(claim: Claim) -> None:
        await go_on.wait()
        try:
            await store(claim)
        except QueueUnreachable:
            refused.append(claim.record.job.id)
            raise

    async with SqliteNoteQueue.open(path, max_audio_s=PLENTY_S) as queue:
        worker = Worker(act)
        await queue.submit(jobs("ab"))
        async with running(queue, worker, slots=2):
            await until(lambda: worker.num_active == 2)
            async with read_only(queue):
                go_on.set()
                await until(lambda: len(refused) == 2)
                assert (await queue.stats()).running == 0
            ends = await ended(queue, *"ab")
    assert [(status.attempts, status.failures) for status in ends] == [(1, 0), (1, 0)]


async def test_what_cannot_be_given_back_is_when_the_disk_can_be_written_again(path: Path) -> None:
    go_on = anyio.Event()

    async def act(claim: Claim) -> None:
        take = await claim.begin(is_alone=False)
        if take == 1:
            await go_on.wait()
        # The first time, it cannot be said.
        await claim.stored(LandedAudio(take=take, num_bytes=1))

    async with SqliteNoteQueue.open(path, max_audio_s=PLENTY_S) as queue:
        await queue.submit(jobs("a"))
        async with running(queue, act):
            await status_in(queue, "a", JobState.RUNNING)
            async with read_only(queue):
                go_on.set()
                await anyio.sleep(0.05)
                assert (await queue.find("a")).status.state is JobState.RUNNING
            (status,) = await ended(queue, "a")
    assert (status.attempts, status.failures, status.is_suspect) == (2, 0, False)


async def test_whoever_cancels_running_does_not_wait_for_a_disk_that_is_gone(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_running, "GIVE_BACK_S", 0.05)
    async with SqliteNoteQueue.open(path, max_audio_s=PLENTY_S) as queue:
        await queue.submit(jobs("a"))
        with anyio.fail_after(TIMEOUT_S):
            async with running(queue, hold):
                await status_in(queue, "a", JobState.RUNNING)
                await queue._thread.do(lambda c: c.execute("PRAGMA query_only = ON"))
        assert (await queue.find("a")).status.state is JobState.RUNNING
    # The next process takes it up.
    async with SqliteNoteQueue.open(path, max_audio_s=PLENTY_S) as queue:
        assert (await queue.find("a")).status.state is JobState.QUEUED


async def test_jobs_are_run_in_one_place_at_a_time(path: Path) -> None:
    async with SqliteNoteQueue.open(path, max_audio_s=PLENTY_S) as queue, running(queue, hold):
        await queue.submit(jobs("a"))
        await status_in(queue, "a", JobState.RUNNING)
        with pytest.raises(anyio.BusyResourceError):
            await queue.run(hold, 1)
