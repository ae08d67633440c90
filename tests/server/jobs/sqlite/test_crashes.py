"""A process that dies, wherever it does, loses nothing and lands nothing twice."""

import random
import sqlite3
import sys
from functools import partial
from pathlib import Path
from typing import TypeVar

import anyio
import pytest

from server.jobs.job import JobRecord, JobState
from server.jobs.sqlite import queue as sqlite_queue
from server.jobs.sqlite import reading
from server.jobs.sqlite.queue import SqliteNoteQueue
from server.jobs.sqlite.worker_thread import Work, WorkerThread
from tests.server.jobs.contract.place import PLENTY_S, all_pages, job, jobs, running
from tests.server.jobs.sqlite.landing import Lander

pytestmark = pytest.mark.anyio

_T = TypeVar("_T")

SLOTS = 2
NAMES = "ab"


@pytest.fixture
def virtual_time() -> bool:
    return False  # the database has a thread of its own


class Death(BaseException):
    """The process is gone."""


class Fate:
    """Has a process die at the n-th point at which it could, and at all that come after it."""

    def __init__(self, point: int | None = None) -> None:
        self.num_passed = 0
        self._point = point

    @property
    def has_struck(self) -> bool:
        return self._point is not None and self.num_passed >= self._point

    def passed(self) -> None:
        self.num_passed += 1
        if self.has_struck:
            raise Death


class MortalThread(WorkerThread):
    """Dies before something is committed, or after it, with nobody told."""

    def __init__(self, fate: Fate, connection: sqlite3.Connection) -> None:
        super().__init__(connection)
        self._fate = fate

    async def do(self, work: Work[_T]) -> _T:
        self._fate.passed()
        result = await super().do(work)
        self._fate.passed()
        return result


class Machine:
    """Where processes live, one after the other, and what outlives them."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.path = folder / "notes.sqlite3"
        self.audio = folder / "audio"
        self.audio.mkdir(parents=True)
        self.num_refused = 0
        self._monkeypatch = monkeypatch

    async def live(self, fate: Fate) -> None:
        """Submit what there is to do, and do all of it, or die."""
        self._monkeypatch.setattr(sqlite_queue, "WorkerThread", partial(MortalThread, fate))
        lander = Lander(self.audio, fate.passed)
        try:
            async with SqliteNoteQueue.open(self.path, max_audio_s=PLENTY_S) as queue:
                await queue.submit(jobs(NAMES))
                async with running(queue, lander, SLOTS):
                    await self._until_all_ended(queue)
        except* Death:
            pass
        self.num_refused += lander.num_refused

    async def _until_all_ended(self, queue: SqliteNoteQueue) -> None:
        # Looking is none of the worker's points: it is done past them.
        look = partial(WorkerThread.do, queue._thread, reading.stats)
        while (stats := await look()).running + sum(stats.queued.values()):  # noqa: ASYNC110
            await anyio.sleep(0.001)


async def records_at(path: Path) -> list[JobRecord]:
    async with SqliteNoteQueue.open(path, max_audio_s=PLENTY_S) as queue:
        return await all_pages(queue, 500)


def check(records: list[JobRecord], audio: Path, count: int) -> None:
    """Check that all have landed once, and that what is said of them is what is there."""
    assert len(records) == count
    assert {record.status.state for record in records} == {JobState.STORED}
    landed = {path.name: int(path.read_text()) for path in audio.glob("[!.]*")}
    assert len(landed) == count
    for record in records:
        assert record.status.audio is not None
        assert record.status.audio.take == landed[record.job.id] <= record.status.attempts


@pytest.mark.parametrize("num_deaths", [1, 2])
async def test_nothing_is_lost_or_lands_twice_wherever_a_process_dies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, num_deaths: int
) -> None:
    point, num_refused = 0, 0
    has_struck = True
    while has_struck:
        point += 1
        machine = Machine(tmp_path / str(point), monkeypatch)
        fates = [Fate(point) for _ in range(num_deaths)]
        for fate in fates:
            await machine.live(fate)
        has_struck = fates[0].has_struck
        await machine.live(Fate())
        monkeypatch.undo()
        check(await records_at(machine.path), machine.audio, len(NAMES))
        num_refused += machine.num_refused
    # Every job passes 4 points in the thread and 5 in its handler.
    assert point > 9 * len(NAMES)
    # It died between landing and saying so, too.
    assert num_refused > 0


@pytest.mark.slow
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_process_that_is_killed_ten_times_loses_none_of_thousands(tmp_path: Path) -> None:
    count, num_deaths = 3_000, 10
    database, audio = tmp_path / "notes.sqlite3", tmp_path / "audio"
    audio.mkdir()
    async with SqliteNoteQueue.open(database, max_audio_s=PLENTY_S) as queue:
        await queue.submit([job(f"n{number}") for number in range(count)])
    command = [sys.executable, "-m", "tests.server.jobs.sqlite.mortal"]
    command += [str(database), str(audio), "8"]
    for _ in range(num_deaths):
        # Some suspects are tried again alone first; none dies alone three times.
        num_jobs = random.randint(20, count // (num_deaths + 2))
        async with await anyio.open_process(command, stderr=None) as process:
            assert process.stdout is not None
            seen = 0
            while seen < num_jobs:
                seen += (await process.stdout.receive()).count(b"\n")
            process.kill()
        assert process.returncode == -9
    last = await anyio.run_process(command, stderr=None)
    assert b"refused" in last.stdout
    check(await records_at(database), audio, count)
