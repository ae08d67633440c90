"""A JSON object of plain values, read field by field.

`json.loads` reads all of a body before anything can be asked about it, and nothing else runs
meanwhile: tens of milliseconds for a quarter of a megabyte of keys that nobody wants. Here the
first field that is not wanted ends the reading.
"""

import json
import re
from collections.abc import Container
from typing import Any

from protocol.codes import ErrorCode
from server.errors import RequestError

_SPACE = re.compile(r"[ \t\n\r]*")
_DECODER = json.JSONDecoder()
#: What is longer is not shown whole.
_SHOWN_CHARS = 40


def read_object(body: bytes | bytearray, names: Container[str]) -> dict[str, Any]:
    """Return the strings, numbers, bools and nulls of the object, by name.

    Raises:
        RequestError: `bad_message` (no JSON object, or a field is given twice), `bad_value` (a
            field is not in `names`, or holds an array or an object).
    """
    try:
        reader = _Reader(body.decode("utf-8-sig"))
        if not reader.skip("{"):
            raise RequestError(ErrorCode.BAD_MESSAGE, "the body is not a JSON object")
        return _read_fields(reader, names)
    except ValueError as error:
        raise RequestError(ErrorCode.BAD_MESSAGE, "the body is not JSON") from error


def _read_fields(reader: "_Reader", names: Container[str]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    more = not reader.skip("}")
    while more:
        name = reader.name()
        if name not in names:
            raise RequestError(ErrorCode.BAD_VALUE, f"unknown field {name[:_SHOWN_CHARS]!r}")
        if name in fields:
            # It has no one meaning: parsers differ in which of the two they keep.
            raise RequestError(ErrorCode.BAD_MESSAGE, f"{name} is given twice")
        if reader.nested():
            raise RequestError(ErrorCode.BAD_VALUE, f"{name}: must not be an array or an object")
        fields[name] = reader.value()
        more = reader.skip(",")
        if not more:
            reader.take("}")
    reader.end()
    return fields


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
