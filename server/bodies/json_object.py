"""A JSON object of plain values, or of objects of them, read field by field.

`json.loads` reads all of a body before anything can be asked about it, and nothing else runs
meanwhile: tens of milliseconds for a quarter of a megabyte of keys that nobody wants. Here the
first field that is not wanted ends the reading.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from protocol.codes import ErrorCode
from server.errors import RequestError

#: The fields that are wanted, and of those that may be objects, what is wanted in them.
Names: TypeAlias = Mapping[str, "Names | None"]


class _AnyName(Mapping[str, None]):
    """Wants plain values by any name: those of a map whose names are the caller's."""

    def __contains__(self, name: object) -> bool:
        return True

    def __getitem__(self, name: str) -> None:
        return None

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


ANY_NAME: Names = _AnyName()
#: In one object, whatever their names: as many as a map of the wire may have.
MAX_NAMES = 256
_SPACE = re.compile(r"[ \t\n\r]*")
_DECODER = json.JSONDecoder()
#: What is longer is not shown whole.
_SHOWN_CHARS = 40


def read_object(body: bytes | bytearray, names: Names) -> dict[str, Any]:
    """Return the strings, numbers, bools, nulls and objects of the object, by name.

    Raises:
        RequestError: `bad_message` (no JSON object, or a field is given twice), `bad_value` (a
            field is not in `names`, or holds an array, or an object where there may be none).
    """
    try:
        reader = _Reader(body.decode("utf-8-sig"))
        if not reader.skip("{"):
            raise RequestError(ErrorCode.BAD_MESSAGE, "the body is not a JSON object")
        fields = _read_fields(reader, names)
        reader.end()
    except ValueError as error:
        raise RequestError(ErrorCode.BAD_MESSAGE, "the body is not JSON") from error
    return fields


def _read_fields(reader: "_Reader", names: Names) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    more = not reader.skip("}")
    while more:
        name = reader.name()
        if name not in names:
            raise RequestError(ErrorCode.BAD_VALUE, f"unknown field {name[:_SHOWN_CHARS]!r}")
        if name in fields:
            # It has no one meaning: parsers differ in which of the two they keep.
            raise RequestError(ErrorCode.BAD_MESSAGE, f"{name} is given twice")
        if len(fields) == MAX_NAMES:
            raise RequestError(ErrorCode.BAD_VALUE, f"more than {MAX_NAMES} fields in an object")
        fields[name] = _read_value(reader, name, names[name])
        more = reader.skip(",")
        if not more:
            reader.take("}")
    return fields


def _read_value(reader: "_Reader", name: str, inner: Names | None) -> Any:  # noqa: ANN401 as read
    if inner is not None and reader.skip("{"):
        return _read_fields(reader, inner)
    if reader.nested():
        allowed = "an array or an object" if inner is None else "an array"
        raise RequestError(ErrorCode.BAD_VALUE, f"{name}: must not be {allowed}")
    return reader.value()


class _Reader:
    """A place in a text, with white space passed over. What is not there is a `ValueError`."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._go(0)

    def skip(self, mark: str) -> bool:
        """Pass `mark` if it comes next, and tell whether it did."""
        found = self._text.startswith(mark, self._at)
        if found:
            self._go(self._at + len(mark))
        return found

    def take(self, mark: str) -> None:
        """Pass `mark`."""
        if not self.skip(mark):
            raise ValueError(f"no {mark}")

    def name(self) -> str:
        """Read a name, and pass its colon."""
        if not self._text.startswith('"', self._at):
            raise ValueError("no name")
        name: str = self.value()
        self.take(":")
        return name

    def nested(self) -> bool:
        """Tell whether an array or an object comes next."""
        return self._text.startswith(("{", "["), self._at)

    def value(self) -> Any:  # noqa: ANN401 whatever the body says
        """Read what comes next."""
        value, end = _DECODER.raw_decode(self._text, self._at)
        self._go(end)
        return value

    def end(self) -> None:
        """Pass the end of the text."""
        if self._at != len(self._text):
            raise ValueError("more than one value")

    def _go(self, at: int) -> None:
        space = _SPACE.match(self._text, at)
        self._at = at if space is None else space.end()
