"""Where the takes of this process are while they are made, on a disk of this machine."""

import fcntl
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import BinaryIO

import anyio
from anyio import to_thread

_LOCK = "lock"


@asynccontextmanager
async def spool_folder(parent: Path) -> AsyncIterator[Path]:
    """Make a folder of this process's own in `parent`, and remove those of processes that died.

    Raises:
        OSError: the disk refuses it.
    """
    folder, lock = await to_thread.run_sync(_open, parent)
    with lock:
        try:
            yield folder
        finally:
            with anyio.CancelScope(shield=True):
                await to_thread.run_sync(_remove, folder)


def _open(parent: Path) -> tuple[Path, BinaryIO]:
    """Return a new folder, and its lock."""
    parent.mkdir(parents=True, exist_ok=True)
    # Else another process might take a folder that is not locked yet for one of the dead.
    with _locked(parent):
        _sweep(parent)
        folder = Path(tempfile.mkdtemp(dir=parent))
        return folder, _locked(folder)


def _sweep(parent: Path) -> None:
    for folder in parent.iterdir():
        # A process holds the lock of its folder for as long as it lives.
        with suppress(OSError), _locked(folder, fcntl.LOCK_NB):
            _remove(folder)


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)


def _locked(folder: Path, flags: int = 0) -> BinaryIO:
    """Return the lock of a folder, which is held while it is open.

    Raises:
        OSError: there is no such folder, or another process holds its lock.
    """
    lock = (folder / _LOCK).open("ab")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | flags)
    except OSError:
        lock.close()
        raise
    return lock
