"""A file of a checkpoint that can be read to its end."""

import stat
from pathlib import Path

from engine.errors import CheckpointError


def check_regular(path: Path, max_bytes: int | None = None) -> None:
    """Pass if `path` is a file, of `max_bytes` at most, that we may read.

    Raises:
        CheckpointError: it is not there, may not be read, is too large, or is no file: a pipe may
            have no end.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise CheckpointError(path, "not a regular file")
        path.open("rb").close()
    except OSError as error:
        raise CheckpointError(path, error.strerror or str(error)) from error
    if max_bytes is not None and status.st_size > max_bytes:
        raise CheckpointError(path, f"has {status.st_size} bytes of {max_bytes} allowed")
