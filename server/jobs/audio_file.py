"""A file with the audio of one take: safe on its disk, and named once."""

import os
from contextlib import suppress
from pathlib import Path

#: Of a file: the number of its take, in digits.
_TAKE = "user.voxline.take"


def link(source: Path, path: Path, take: int) -> bool:
    """Give a file, which is on the disk, its name; tell whether nobody had it."""
    # Not every disk keeps it.
    with suppress(OSError):
        os.setxattr(source, _TAKE, str(take).encode())
    try:
        os.link(source, path)
    except FileExistsError:
        return False
    return True


def take_of(path: Path) -> int:
    """Return the number of a file's take; 0 if nobody knows it."""
    try:
        return int(os.getxattr(path, _TAKE))
    except (OSError, ValueError):
        return 0


def sync(path: Path) -> None:
    """Have a file, or what was put into a folder, survive the machine."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
