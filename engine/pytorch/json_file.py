"""A JSON object in a file of a checkpoint, and numbers in it."""

import json
from pathlib import Path
from typing import Any

from engine.errors import CheckpointError
from engine.pytorch.text_file import read_text

#: No axis of a tensor is as long.
MAX_SIZE = 1 << 31
#: Numbers that float32 holds, and their products with any weight as well.
SMALLEST, LARGEST = 1e-30, 1e30


def read_object(path: Path) -> dict[str, Any]:
    """Return the object in `path`.

    Raises:
        CheckpointError: the file cannot be read, is no JSON, or holds something else.
    """
    text = read_text(path)
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CheckpointError(path, f"not JSON: {error}") from error
    if not isinstance(fields, dict):
        raise CheckpointError(path, "not a JSON object")
    return fields


def check_size(value: object, path: Path, key: str, least: int = 1, most: int = MAX_SIZE) -> int:
    """Return `value`, of `key` in `path`, if it is a whole number from `least` to `most`.

    Raises:
        CheckpointError: it is not.
    """
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise CheckpointError(path, f"{value!r} is not a whole number from {least} to {most}", key)
    return value


def check_number(
    value: object, path: Path, key: str, least: float = SMALLEST, most: float = LARGEST
) -> float:
    """Return `value`, of `key` in `path`, if it is a number from `least` to `most`.

    Raises:
        CheckpointError: it is not.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise CheckpointError(path, f"{value!r} is not a number from {least:g} to {most:g}", key)
    return float(value)
