"""A process that lands jobs until all have ended: `python -m … DATABASE FOLDER SLOTS`.

It writes a line for every job, so that whoever kills it knows how far it is.
"""

import sys
from pathlib import Path

import anyio

from server.jobs.queue import Claim
from server.jobs.sqlite.queue import SqliteNoteQueue
from tests.server.jobs.sqlite.landing import Lander


async def main(database: Path, folder: Path, slots: int) -> None:
    lander = Lander(folder)

    async def land(claim: Claim) -> None:
        await lander(claim)
        sys.stdout.write(".\n")
        sys.stdout.flush()

    async with (
        SqliteNoteQueue.open(database, max_audio_s=1.0) as queue,
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(queue.run, land, slots)
        while (stats := await queue.stats()).running + sum(stats.queued.values()):  # noqa: ASYNC110
            await anyio.sleep(0.05)
        tasks.cancel_scope.cancel()
    sys.stdout.write(f"refused {lander.num_refused}\n")


if __name__ == "__main__":
    anyio.run(main, Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
