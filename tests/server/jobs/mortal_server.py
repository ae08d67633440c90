"""A server that dies at the n-th point at which it could: `python -m … FOLDER`.

For every n until it outlives them all: a process makes two notes in a folder of its own and is gone
at point n; others follow, of which the last one outlives it. For each n a line says how many died.
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
from anyio import to_thread

from server.jobs.sqlite.worker_thread import WorkerThread
from tests.helpers import virtual_engine_thread
from tests.helpers.jobs import Kept, keeping

#: Each becomes several chunks.
TEXTS = ("One of two notes, which are made at once.", "The other one of the two.")
DIED = 9

_WORK: list[tuple[object, str]] = [(os, "link"), (os, "fsync"), (os, "unlink"), (os, "setxattr")]
_AWAITED: list[tuple[object, str]] = [(to_thread, "run_sync"), (WorkerThread, "do")]


class Fate:
    """The end of this process at its n-th point, if there is one."""

    def __init__(self, point: int) -> None:
        self._left = point

    def passed(self) -> None:
        self._left -= 1
        if not self._left:
            os._exit(DIED)

    def follow(self) -> None:
        """Have what changes anything pass a point before it is done, and one afterwards."""
        for owner, name in _WORK:
            setattr(owner, name, self._doing(getattr(owner, name)))
        for owner, name in _AWAITED:
            setattr(owner, name, self._awaiting(getattr(owner, name)))

    def _doing(self, work: Callable[..., Any]) -> Callable[..., Any]:
        def do(*args: object, **options: object) -> object:
            self.passed()
            result = work(*args, **options)
            self.passed()
            return result

        return do

    def _awaiting(self, work: Callable[..., Any]) -> Callable[..., Any]:
        async def wait(*args: object, **options: object) -> object:
            self.passed()
            result = await work(*args, **options)
            self.passed()
            return result

        return wait


async def _live(folder: Path, point: int) -> None:
    async with keeping(folder) as kept:
        # What is submitted twice is there once.
        ids = [await kept.accepted(key=text, text=text, format="pcm") for text in TEXTS]
        fate = Fate(point)
        fate.follow()
        with anyio.fail_after(20):
            while not await _all_ended(kept, ids):  # noqa: ASYNC110 polled
                await anyio.sleep(0.001)


async def _all_ended(kept: Kept, ids: list[str]) -> bool:
    found = await kept.desk.queue.find_all(ids)
    return all(record is not None and record.status.state.is_end for record in found)


def _lived(folder: Path, point: int) -> bool:
    """Live in a process of one's own; tell whether it has outlived its point."""
    child = os.fork()
    if not child:
        anyio.run(_live, folder, point)
        os._exit(0)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status in {0, DIED}, status
    return status == 0


def main(parent: Path) -> None:
    virtual_engine_thread.STEP_S = 0.0  # type: ignore[attr-defined] # as it uses it
    point, has_lived = 0, False
    while not has_lived:
        point += 1
        folder = parent / str(point)
        # It dies there twice, and lives only then.
        has_lived = all([_lived(folder, point), _lived(folder, point)])
        assert _lived(folder, 0)
        sys.stdout.write(f"{point} {not has_lived}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
