"""Wherever a server dies between a note and its audio, nothing is lost and nothing lands twice."""

import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import anyio
import pytest

from server.jobs.job import JobState
from server.jobs.sqlite.queue import SqliteNoteQueue
from server.keeping import AUDIO, DATABASE
from tests.server.jobs.contract.place import PLENTY_S
from tests.server.jobs.mortal_server import TEXTS

pytestmark = [pytest.mark.anyio, pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture
def virtual_time() -> bool:
    return False


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_a_server_may_die_anywhere(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.server.jobs.mortal_server", str(tmp_path)]
    told = (await anyio.run_process(command, stderr=subprocess.DEVNULL)).stdout.decode().split()
    points = [int(point) for point in told[::2]]
    # Each of the two notes passes more than twenty of them.
    assert len(points) > 40
    # There it has died at each but the last.
    assert told[1::2] == ["True"] * (len(points) - 1) + ["False"]
    num_landed_before, sizes = 0, defaultdict[str, set[int]](set)
    for point in points:
        folder = tmp_path / str(point)
        async with SqliteNoteQueue.open(folder / DATABASE, max_audio_s=PLENTY_S) as queue:
            records = (await queue.page(limit=100)).records
        assert len(records) == len(TEXTS)
        landed = {path.parent.name: path for path in (folder / AUDIO).glob("[!.]*/*")}
        assert len(landed) == len(list((folder / AUDIO).glob("[!.]*/*"))) == len(TEXTS)
        for record in records:
            status = record.status
            assert (status.state, status.error) == (JobState.STORED, None)
            assert status.audio is not None
            sizes[record.job.id].add(landed[record.job.id].stat().st_size)
            sizes[record.job.id].add(status.audio.num_bytes)
            num_landed_before += status.audio.take < status.attempts
    # All of one take, whichever it was.
    assert [len(each) for each in sizes.values()] == [1] * len(TEXTS)
    # It also died between landing and saying so.
    assert num_landed_before
