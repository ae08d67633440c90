"""The folder that a batch fills: each file is put in its place whole, and known afterwards.

Beside them a hidden folder holds the journal, what is being written, and where notes are made
here, their queue.
"""

import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from server.commands.batch.journal import Entry, Journal
from server.commands.batch.orders import Order
from server.commands.batch.scripts import Unusable
from server.commands.errors import CommandError
from server.jobs.audio_file import sync

#: In the folder that is filled, and so on the same disk.
HIDDEN = ".voxline"
_LOCK, _JOURNAL, _UNFINISHED = "lock", "journal.jsonl", "unfinished"


class OutFolder:
    """A folder of speech, in which no other process is at work."""

    def __init__(self, hidden: Path, journal: Journal) -> None:
        self.hidden = hidden
        self._journal = journal
        self._unfinished = hidden / _UNFINISHED

    @classmethod
    @contextmanager
    def open(cls, folder: Path) -> Iterator[Self]:
        """Work in `folder`, which is made where there is none, while the block runs.

        Raises:
            CommandError: another process is at work in it.
            OSError: the disk refuses it.
        """
        hidden = folder / HIDDEN
        (hidden / _UNFINISHED).mkdir(parents=True, exist_ok=True)
        with _locked(hidden / _LOCK, folder), Journal.open(hidden / _JOURNAL) as journal:
            for path in (hidden / _UNFINISHED).iterdir():
                path.unlink()
            yield cls(hidden, journal)

    def has(self, order: Order) -> bool:
        """Tell whether what is ordered is there.

        Raises:
            Unusable: something is in its place that no batch has made, or the disk refuses it.
        """
        target = order.script.target
        entry = self._journal.find(target.name)
        try:
            num_bytes = target.lstat().st_size
        except FileNotFoundError:
            return False
        except OSError as error:
            raise Unusable(f"{target} cannot be made: {error.strerror}") from error
        if entry is None:
            raise Unusable(f"{target} is there, and no batch has made it: move it away")
        return (entry.digest, entry.num_bytes) == (order.digest, num_bytes)

    def begin(self, orders: Iterable[Order]) -> None:
        """Note that the files of orders are ones that we make.

        Raises:
            OSError: the disk refuses it.
        """
        for order in orders:
            self._journal.write(Entry(file=order.script.target.name, digest=order.digest))
        # Else what was put in its place before the power was lost would seem somebody else's.
        self._journal.sync()

    def was_begun_before(self, order: Order) -> bool:
        """Tell whether an earlier run had begun the very same."""
        before = self._journal.find_earlier(order.script.target.name)
        return before is not None and before.digest == order.digest

    def unfinished(self, order: Order) -> Path:
        """Return where the file of an order is written."""
        return self._unfinished / order.key

    def put(self, order: Order) -> None:
        """Put what was written in its place.

        Raises:
            OSError: the disk refuses it.
        """
        target, path = order.script.target, self.unfinished(order)
        num_bytes = path.stat().st_size
        sync(path)
        path.replace(target)
        self._journal.write(Entry(file=target.name, digest=order.digest, num_bytes=num_bytes))


@contextmanager
def _locked(path: Path, folder: Path) -> Iterator[None]:
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o666)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise CommandError(f"another process makes notes in {folder}") from error
        yield
    finally:
        os.close(descriptor)
