"""A process that runs jobs of a Redis: `python -m tests.server.jobs.redis_worker URL FOLDER`.

Each lands as a file of its own in `landed`, which a second landing would find there. What was
said to have been stored is noted in `said`, by process.
"""

import os
import sys
from functools import partial
from pathlib import Path

import anyio

from server.jobs.job import LandedAudio
from server.jobs.queue import Claim, Superseded
from server.jobs.redis.queue import open_redis_queue
from tests.server.jobs.contract.place import PLENTY_S

#: Short, so that a test sees it run out.
LEASE_S = 2.0
SLOTS = 8
#: How long a note takes.
_NOTE_S = 0.05


async def run(url: str, folder: Path) -> None:
    async with open_redis_queue(url, max_audio_s=PLENTY_S, lease_s=LEASE_S) as queue:
        await queue.run(partial(_make, folder), SLOTS)


async def _make(folder: Path, claim: Claim) -> None:
    try:
        take = await claim.begin(is_alone=claim.record.status.is_suspect)
        await anyio.sleep(_NOTE_S)
        job_id = claim.record.job.id
        _land(folder / "landed" / job_id, take)
        await claim.stored(LandedAudio(take=take, num_bytes=1))
        with (folder / "said" / str(os.getpid())).open("a") as said:
            said.write(f"{job_id}\n")
    except Superseded:
        return


def _land(path: Path, take: int) -> None:
    try:
        with path.open("x") as file:
            file.write(str(take))
    except FileExistsError:
        return


if __name__ == "__main__":
    anyio.run(run, sys.argv[1], Path(sys.argv[2]))
