"""What a bench may be told, refused before anything is measured."""

import math
import os
from argparse import ArgumentTypeError
from pathlib import Path

#: Rows of a step beyond this are in real time on no device, and their lists alone fill a memory.
_MOST_ROWS = 4_096


def count(text: str) -> int:
    """Read how many; there may be none."""
    number = int(text)
    if number < 0:
        raise ArgumentTypeError("must be 0 or more")
    return number


def positive(text: str) -> int:
    """Read how many; none is no figure."""
    number = int(text)
    if number < 1:
        raise ArgumentTypeError("must be 1 or more")
    return number


def threads(text: str) -> int:
    """Read how many threads compute; more than there are cores would wait for each other."""
    number, most = positive(text), os.cpu_count() or 1
    if number > most:
        raise ArgumentTypeError(f"must be at most {most}, the cores there are")
    return number


def row_counts(text: str) -> list[int]:
    """Read numbers of rows, comma-separated."""
    try:
        counts = [positive(part) for part in text.split(",")]
    except ValueError as error:
        raise ArgumentTypeError(f"invalid numbers: {text!r}") from error
    if max(counts) > _MOST_ROWS:
        raise ArgumentTypeError(f"must be at most {_MOST_ROWS}")
    return counts


def real(text: str) -> float:
    """Read how much; it may be nothing."""
    number = float(text)
    if not 0 <= number < math.inf:
        raise ArgumentTypeError("must be 0 or more")
    return number


def positive_real(text: str) -> float:
    """Read how much; nothing is no figure."""
    number = real(text)
    if not number:
        raise ArgumentTypeError("must be positive")
    return number


def new_file(text: str) -> Path:
    """Read where something is going to be written, once all is measured."""
    path = Path(text)
    if not path.parent.is_dir():
        raise ArgumentTypeError(f"there is no folder {str(path.parent)!r}")
    if path.is_dir():
        raise ArgumentTypeError(f"{text!r} is a folder")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise ArgumentTypeError(f"{text!r} cannot be written")
    return path
