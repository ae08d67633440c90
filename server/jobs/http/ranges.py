"""The one range of bytes that a request may ask for (RFC 9110, 14)."""

import re
from dataclasses import dataclass

_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")


class RangeUnsatisfiable(Exception):
    """The range lies past the end."""


@dataclass(frozen=True, slots=True)
class ByteRange:
    """The bytes from `start` up to, not with, `end`, of `total`.

    `is_part` says that just these were asked for.
    """

    start: int
    end: int
    total: int
    is_part: bool

    @property
    def headers(self) -> dict[str, str]:
        """What the response says of it."""
        length = {"Content-Length": str(self.end - self.start)}
        if not self.is_part:
            return length
        return {**length, "Content-Range": f"bytes {self.start}-{self.end - 1}/{self.total}"}


def read_range(header: str | None, total: int) -> ByteRange:
    """Return the range of a `Range` header; all of it where that is none, or of several.

    Raises:
        RangeUnsatisfiable: see there.
    """
    found = None if header is None else _RANGE.fullmatch(header.strip())
    if found is None or found[0] == "bytes=-":
        return ByteRange(0, total, total, is_part=False)
    first, last = found[1], found[2]
    if not first:
        start, end = max(total - int(last), 0), total
    else:
        start, end = int(first), min(int(last) + 1, total) if last else total
        if last and int(last) < start:
            return ByteRange(0, total, total, is_part=False)
    if start >= end:
        raise RangeUnsatisfiable
    return ByteRange(start, end, total, is_part=True)
