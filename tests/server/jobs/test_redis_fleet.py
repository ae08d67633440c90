"""Many jobs, three processes, and everything that can happen to them and to their Redis."""

import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import anyio
import pytest

from server.jobs.job import JobState
from server.jobs.queue import QueueUnreachable
from server.jobs.redis.queue import RedisNoteQueue, open_redis_queue
from tests.helpers.redis_server import RedisServer
from tests.server.jobs.contract.place import PLENTY_S, all_pages, job
from tests.server.jobs.redis_worker import LEASE_S

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.slow,
    # coredis leaves those of a connection that was never made.
    pytest.mark.filterwarnings("ignore:Unclosed <MemoryObject:ResourceWarning"),
]

NUM_JOBS = 2_000
NUM_PROCESSES = 3
#: Of the slowest machine that has something else to do.
TIMEOUT_S = 100.0

Process = subprocess.Popen[bytes]


@pytest.fixture
def virtual_time() -> bool:
    return False


@pytest.fixture
def workers(own_redis: RedisServer, tmp_path: Path) -> Iterator[list[Process]]:
    for name in ("landed", "said"):
        (tmp_path / name).mkdir()
    command = [sys.executable, "-m", "tests.server.jobs.redis_worker", own_redis.url]
    found = [subprocess.Popen([*command, str(tmp_path)]) for _ in range(NUM_PROCESSES)]
    yield found
    for process in found:
        process.kill()
        process.wait()


async def test_whatever_dies_no_job_is_lost_and_none_ends_twice(
    own_redis: RedisServer, workers: list[Process], tmp_path: Path
) -> None:
    killed, stopped, _ = workers
    names = [f"n{number}" for number in range(NUM_JOBS)]
    async with open_redis_queue(own_redis.url, max_audio_s=PLENTY_S, lease_s=LEASE_S) as queue:
        for at in range(0, NUM_JOBS, 500):
            await queue.submit([job(name) for name in names[at : at + 500]])
        with anyio.fail_after(TIMEOUT_S):
            await left(queue, NUM_JOBS * 9 // 10)
            killed.kill()
            await left(queue, NUM_JOBS * 8 // 10)
            stopped.send_signal(signal.SIGSTOP)
            await left(queue, NUM_JOBS * 6 // 10)
            own_redis.kill()
            await anyio.sleep(1.0)
            own_redis.start()
            await anyio.sleep(2 * LEASE_S)
            stopped.send_signal(signal.SIGCONT)
            await left(queue, 0)
        records = await all_pages(queue, 500)
        stats = await queue.stats()
    assert {record.job.id for record in records} == set(names)
    assert {record.status.state for record in records} == {JobState.STORED}
    assert (stats.running, sum(stats.queued.values()), stats.audio_s) == (0, 0, 0.0)
    assert {path.name for path in (tmp_path / "landed").iterdir()} == set(names)
    said = Counter(
        line for path in (tmp_path / "said").iterdir() for line in path.read_text().split()
    )
    assert said.most_common(1)[0][1] == 1
    # All but those that were being said by the one that was killed.
    assert len(said) >= NUM_JOBS - 8


async def left(queue: RedisNoteQueue, num_jobs: int) -> None:
    """Wait until no more than so many jobs are left."""
    while True:
        with suppress(QueueUnreachable):
            stats = await queue.stats()
            if stats.running + sum(stats.queued.values()) <= num_jobs:
                return
        await anyio.sleep(0.02)
