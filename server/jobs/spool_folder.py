"""Where the takes of this process are while they are made, on a disk of this machine."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from anyio import to_thread

_LOCK = "lock"


@asynccontextmanager
async def spool_folder(parent: Path) -> AsyncIterator[Path]:
    """Make a folder of this process's own in `parent`, and remove those of processes that died.

    Raises:
        OSError: the disk refuses it.
    """
    await to_thread.run_sync(_sweep, parent)
    folder = await to_thread.run_sync(_make, parent)
    try:
        with _locked(folder):
            yield folder
    finally:
        await to_thread.run_sync(_remove, folder)


def _make(parent: Path) -> Path:
    parent.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(dir=parent))


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)


def _sweep(parent: Path) -> None:
    for folder in parent.iterdir() if parent.is_dir() else ():
        # A process holds the lock of its folder for as long as it lives.
        try:
            with _locked(folder):
                _remove(folder)
        except OSError:
            continue


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder.

    Raises:
        OSError: another process holds it.
    """
    descriptor = os.open(folder / _LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)
