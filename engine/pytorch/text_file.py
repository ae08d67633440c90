"""A text in a file of a checkpoint."""

from pathlib import Path

from engine.errors import CheckpointError

#: Twenty times what the vocabulary of S1 takes, and a tenth of a second to read.
_MAX_BYTES = 64 << 20


def read_text(path: Path) -> str:
    """Return the text in `path`.

    Raises:
        CheckpointError: the file cannot be read, is too large, or is not UTF-8.
    """
    check_file(path)
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise CheckpointError(path, error.strerror or str(error)) from error
    except UnicodeDecodeError as error:
        raise CheckpointError(path, f"not UTF-8: {error.reason}") from error


def check_file(path: Path) -> None:
    """Pass if `path` is a file that can be read to its end: a pipe or a device may have none.

    Raises:
        CheckpointError: it is none, or is too large.
    """
    try:
        size = path.stat().st_size
    except OSError as error:
        raise CheckpointError(path, error.strerror or str(error)) from error
    if not path.is_file():
        raise CheckpointError(path, "not a regular file")
    if size > _MAX_BYTES:
        raise CheckpointError(path, f"has {size} bytes of {_MAX_BYTES} allowed")
