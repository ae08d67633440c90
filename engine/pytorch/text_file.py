"""A text in a file of a checkpoint."""

from pathlib import Path

from engine.errors import CheckpointError


def read_text(path: Path) -> str:
    """Return the text in `path`.

    Raises:
        CheckpointError: the file cannot be read, or is not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise CheckpointError(path, error.strerror or str(error)) from error
    except UnicodeDecodeError as error:
        raise CheckpointError(path, f"not UTF-8: {error.reason}") from error
