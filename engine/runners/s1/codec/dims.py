"""Reads numbers from a JSON file, and says which file and key is wrong."""

from pathlib import Path

from engine.pytorch.json_file import MAX_SIZE, check_number, check_size, read_object
from engine.runners.s1.errors import CheckpointError

#: Items of a list: each is a block of the codec, of which the release has four.
_MAX_ITEMS = 16


class Dims:
    """One object of the file. Keys that nobody asks for are left alone."""

    def __init__(self, file: Path, values: dict[str, object], prefix: str = "") -> None:
        self._file = file
        self._values = values
        self._prefix = prefix

    def section(self, key: str) -> "Dims":
        """Return the object under `key`."""
        value = self._value(key)
        if not isinstance(value, dict):
            raise self.error(key, "is not an object")
        return Dims(self._file, value, f"{self._prefix}{key}.")

    def size(self, key: str, least: int = 1, most: int = MAX_SIZE) -> int:
        """Return a whole number from `least` to `most`."""
        return check_size(self._value(key), self._file, self._prefix + key, least, most)

    def number(self, key: str, least: float, most: float) -> float:
        """Return a number from `least` to `most`."""
        return check_number(self._value(key), self._file, self._prefix + key, least, most)

    def sizes(self, key: str, least: int = 1) -> tuple[int, ...]:
        """Return a list of whole numbers from `least`, of one at least."""
        values = self._value(key)
        if not isinstance(values, list) or not 1 <= len(values) <= _MAX_ITEMS:
            raise self.error(key, f"is not a list of 1 to {_MAX_ITEMS} whole numbers")
        return tuple([check_size(each, self._file, self._prefix + key, least) for each in values])

    def flag(self, key: str) -> bool:
        """Return true or false."""
        value = self._value(key)
        if not isinstance(value, bool):
            raise self.error(key, f"{value!r} is neither true nor false")
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
    return Dims(file, read_object(file))
