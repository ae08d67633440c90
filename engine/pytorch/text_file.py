"""A text in a file of a checkpoint."""

from pathlib import Path

from engine.errors import CheckpointError
from engine.pytorch.regular_file import check_regular

#: Twenty times what the vocabulary of S1 takes, and a tenth of a second to read.
_MAX_BYTES = 64 << 20


def read_text(path: Path, max_bytes: int = _MAX_BYTES) -> str:
    """Return the text in `path`.

    Raises:
        CheckpointError: the file cannot be read, is too large, or is not UTF-8.
    """
    check_regular(path, max_bytes)
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise CheckpointError(path, error.strerror or str(error)) from error
    except UnicodeDecodeError as error:
        raise CheckpointError(path, f"not UTF-8: {error.reason}") from error
