"""Reads numbers from a JSON file, and says which file and key is wrong."""

import json
from pathlib import Path

from engine.runners.s1.errors import CheckpointError


class Dims:
    """One object of the file. Keys that nobody asks for are left alone."""

    def __init__(self, file: Path, prefix: str, values: dict[str, object]) -> None:
        self._file = file
        self._prefix = prefix
        self._values = values

    def section(self, key: str) -> "Dims":
        """Return the object under `key`."""
        value = self._value(key)
        if not isinstance(value, dict):
            raise self.error(key, "is not an object")
        return Dims(self._file, f"{self._prefix}{key}.", value)

    def integer(self, key: str) -> int:
        """Return a whole number."""
        value = self._value(key)
        if not isinstance(value, int) or isinstance(value, bool):
            raise self.error(key, f"is not a whole number: {value!r}")
        return value

    def positive(self, key: str) -> int:
        """Return a whole number above 0."""
        value = self.integer(key)
        if value < 1:
            raise self.error(key, f"is not positive: {value}")
        return value

    def number(self, key: str) -> float:
        """Return a finite number above 0."""
        value = self._value(key)
        if not isinstance(value, int | float) or not 0 < value < float("inf"):
            raise self.error(key, f"is not a positive number: {value!r}")
        return float(value)

    def counts(self, key: str) -> tuple[int, ...]:
        """Return a list of whole numbers from 0."""
        value = self._value(key)
        if not isinstance(value, list) or not all(type(item) is int for item in value):
            raise self.error(key, "is not a list of whole numbers")
        if min(value, default=-1) < 0:
            raise self.error(key, f"is empty or has a negative number: {value}")
        return tuple(value)

    def positives(self, key: str) -> tuple[int, ...]:
        """Return a list of whole numbers above 0."""
        value = self.counts(key)
        if 0 in value:
            raise self.error(key, f"has a zero: {list(value)}")
        return value

    def error(self, key: str, problem: str) -> CheckpointError:
        """Return the error that says what is wrong with `key`."""
        return CheckpointError(self._file, problem, self._prefix + key)

    def _value(self, key: str) -> object:
        try:
            return self._values[key]
        except KeyError:
            raise self.error(key, "is missing") from None


def read_dims(file: Path) -> Dims:
    """Read the file.

    Raises:
        CheckpointError: it cannot be read, or holds no JSON object.
    """
    try:
        values = json.loads(file.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise CheckpointError(file, f"cannot be read: {error}") from error
    if not isinstance(values, dict):
        raise CheckpointError(file, "is not a JSON object")
    return Dims(file, "", values)
