"""Notes of one process that is killed again and again: `python -m loadtest.notes.embedded`.

It accepts them and makes them, in a file and a folder of this machine. Ten times, when nobody
expects it, it is killed and started again. Exits with 1 where a note is lost, or has landed twice.
"""

import argparse
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import anyio
import httpx

from loadtest.arguments import positive
from loadtest.notes.batches import Submission
from loadtest.notes.evidence import Evidence
from loadtest.notes.fleet import Fleet
from loadtest.notes.listing import all_notes, asking, drained, num_left
from loadtest.notes.places import free_port, run_name
from loadtest.notes.verdict import Account, Figure
from tests.helpers.serving import ServerProcess

NOTES, KILLS = 50_000, 10
LOOK_S = 0.2
#: A file that has landed: which it is, and when it was written.
_Seen = dict[Path, tuple[int, int]]


def main(arguments: Sequence[str] | None = None) -> int:
    """Do all of it, print what became of the notes, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m loadtest.notes.embedded", description=__doc__)
    add = parser.add_argument
    add("--notes", type=positive, default=NOTES, help=f"how many ({NOTES})")
    add("--kills", type=positive, default=KILLS, help=f"how often it is killed ({KILLS})")
    add("--seed", type=int, default=0, help="another kills it at other moments (0)")
    flags = parser.parse_args(arguments)
    account = Account("embedded", **vars(flags))
    with tempfile.TemporaryDirectory() as folder:
        return account.close(anyio.run(_measured, flags, Path(folder)))


async def _measured(flags: argparse.Namespace, folder: Path) -> list[Figure]:
    data, submission = folder / "data", Submission(run_name(), flags.notes)
    audio = AudioFolder(data / "audio")
    async with Fleet(folder, ("--data-dir", str(data)), port=free_port()) as fleet:
        victim = Victim(fleet, audio)
        await victim.start()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(submission.run, victim.url)
            await victim.suffer(sorted(random.Random(flags.seed).random() for _ in range(flags.kills)), submission)
        async with asking(victim.url) as client:
            await drained(client)
            shown = await all_notes(client)
    evidence = Evidence(
        accepted=submission.accepted,
        shown=shown,
        landed=audio.landed(),
        num_replaced=audio.num_replaced(),
        take=audio.take,
    )
    return [*evidence.figures(), Figure("batches sent again", submission.num_repeated)]


class Victim:
    """The process that is killed."""

    def __init__(self, fleet: Fleet, audio: AudioFolder) -> None:
        self._fleet = fleet
        self._audio = audio
        self.url = ""

    async def start(self) -> None:
        """Start it, where it was."""
        self._process = await self._fleet.start("server")
        self.url = self._process.server.http_url

    async def suffer(self, shares: Sequence[float], submission: Submission) -> None:
        """Kill it when each of `shares` of the notes is made."""
        async with asking(self.url) as client:
            for share in shares:
                while await num_left(client, submission.num_notes) > (1 - share) * submission.num_notes:
                    await anyio.sleep(LOOK_S)
