"""What was made in a folder, and of what: a line for each beginning and each end."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A file that was begun, or with `num_bytes` made, of what `digest` stands for."""

    file: str
    digest: str
    num_bytes: int | None = None


class Journal:
    """The newest entry of every file. Any thread may write."""

    def __init__(self, descriptor: int, entries: dict[str, Entry]) -> None:
        self._descriptor = descriptor
        self._entries = entries
        self._earlier = dict(entries)

    @classmethod
    @contextmanager
    def open(cls, path: Path) -> Iterator[Self]:
        """Read the journal at `path`, and write on while the block runs.

        Raises:
            OSError: the disk refuses it.
        """
        descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_APPEND | os.O_CLOEXEC, 0o666)
        try:
            data = path.read_bytes()
            if data and not data.endswith(b"\n"):
                # Whoever wrote it died in the middle of a line.
                os.write(descriptor, b"\n")
            read = [_entry(line) for line in data.splitlines()]
            yield cls(descriptor, {entry.file: entry for entry in read if entry is not None})
        finally:
            os.close(descriptor)

    def find(self, file: str) -> Entry | None:
        """Return what is known of a file."""
        return self._entries.get(file)

    def find_earlier(self, file: str) -> Entry | None:
        """Return what was known of a file before this process wrote of it."""
        return self._earlier.get(file)

    def write(self, entry: Entry) -> None:
        """Add an entry.

        Raises:
            OSError: the disk refuses it.
        """
        # At once, so that two threads do not write into one line.
        os.write(self._descriptor, json.dumps(asdict(entry)).encode() + b"\n")
        self._entries[entry.file] = entry

    def sync(self) -> None:
        """Have what was written survive the machine.

        Raises:
            OSError: the disk refuses it.
        """
        os.fsync(self._descriptor)


def _entry(line: bytes) -> Entry | None:
    """Return what a line says; None of one that is damaged: its file is made anew."""
    try:
        read: dict[str, Any] = json.loads(line)
        return Entry(**read)
    except (ValueError, TypeError):
        return None
