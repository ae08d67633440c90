"""Notes of one process that is killed again and again: `python -m loadtest.notes.embedded`.

It accepts them and makes them, in a file and a folder of this machine. Ten times, when nobody
expects it, it is killed and started again. Exits with 1 where a note is lost, or has landed twice.
"""

import argparse
import random
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import anyio
from anyio import to_thread

from loadtest.arguments import positive
from loadtest.notes.audio_folder import AudioFolder
from loadtest.notes.batches import Submission
from loadtest.notes.evidence import Evidence
from loadtest.notes.fleet import Fleet
from loadtest.notes.listing import all_notes, asking, drained
from loadtest.notes.places import free_port, run_name
from loadtest.notes.verdict import Account, Figure, keep_in
from loadtest.notes.waiting import until

NOTES, KILLS = 50_000, 10
LOOK_S = 0.2


def main(arguments: Sequence[str] | None = None) -> int:
    """Do all of it, print what became of the notes, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m loadtest.notes.embedded", description=__doc__)
    add = parser.add_argument
    add("--notes", type=positive, default=NOTES, help=f"how many ({NOTES})")
    add("--kills", type=positive, default=KILLS, help=f"how often it is killed ({KILLS})")
    add("--seed", type=int, default=0, help="another kills it at other moments (0)")
    keep_in(parser)
    flags = parser.parse_args(arguments)
    account = Account("embedded", flags)
    with tempfile.TemporaryDirectory() as folder:
        return account.close(anyio.run(_measured, flags, Path(folder)))


async def _measured(flags: argparse.Namespace, folder: Path) -> list[Figure]:
    data, submission = folder / "data", Submission(run_name(), flags.notes)
    audio = AudioFolder(data / "audio")
    async with Fleet(folder, ("--data-dir", str(data)), port=free_port()) as fleet:
        server = await fleet.start("server")
        url = server.server.http_url
        async with asking(url) as client, anyio.create_task_group() as tasks:
            tasks.start_soon(submission.run, client)
            for is_time in _moments(flags, submission, audio):
                await until(partial(to_thread.run_sync, is_time), LOOK_S)
                server.signal(signal.SIGKILL)
                server.wait()
                await to_thread.run_sync(audio.look)
                server = await fleet.start("server")
        async with asking(url) as client:
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


def _moments(
    flags: argparse.Namespace, submission: Submission, audio: AudioFolder
) -> Iterator[Callable[[], bool]]:
    """Yield what tells that it is time: once while they are accepted, then while they are made."""
    yield lambda: len(submission.accepted) >= flags.notes / 2
    rng = random.Random(flags.seed)
    for share in sorted(rng.random() for _ in range(flags.kills - 1)):
        yield partial(_is_made, audio, share * flags.notes)


def _is_made(audio: AudioFolder, num_notes: float) -> bool:
    return audio.num_landed >= num_notes


if __name__ == "__main__":
    sys.exit(main())
