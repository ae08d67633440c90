"""The thread that works with the database. What waits for it meanwhile shares a commit.

A commit waits for the disk, for as long as hundreds of changes take: those that come together cost
no more than one. What is asked for is done in the order in which it was asked.
"""

import logging
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, TypeAlias, TypeVar

import anyio
from anyio import to_thread

from server.hop import poster
from server.jobs.queue import QueueUnreachable

#: In a commit. With more, the first of them would wait too long for the last.
MAX_COMMANDS = 256

_T = TypeVar("_T")

#: What is done with the connection, in a transaction. It may be done again where that fails, so
#: that it must change nothing else. Where it raises, nothing of it is kept.
Work: TypeAlias = Callable[[sqlite3.Connection], _T]

_log = logging.getLogger(__name__)


class _Command:
    def __init__(self, work: Work[Any]) -> None:
        self.work = work
        self.result: Any = None
        self.error: Exception | None = None
        self.done = anyio.Event()


class _HalfDone(Exception):
    """A command has failed, and changed something before."""


class WorkerThread:
    """Owns a connection while it runs."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        # Bounded by those who wait for an answer: each has one command in it.
        self._inbox: SimpleQueue[_Command | None] = SimpleQueue()
        self._is_open = True

    async def do(self, work: Work[_T]) -> _T:
        """Have something done, and committed, and return its result.

        It is done even if this is cancelled.

        Raises:
            QueueUnreachable: the disk refuses it. Nothing of it was done.
            Exception: whatever `work` raises; as above.
        """
        if not self._is_open:
            raise QueueUnreachable("the database is closed")
        command = _Command(work)
        self._inbox.put(command)
        await command.done.wait()
        if command.error is not None:
            raise command.error
        return command.result  # type: ignore[no-any-return] # of this work

    async def run(self) -> None:
        """Run the thread until `stop`, cancelled or not."""
        post = poster()
        await to_thread.run_sync(self._work, post, limiter=anyio.CapacityLimiter(1))

    def stop(self) -> None:
        """End the thread, after all that it was asked for until now."""
        self._is_open = False
        self._inbox.put(None)

    def _work(self, post: Callable[[Callable[[], object]], object]) -> None:
        while (first := self._inbox.get()) is not None:
            commands = [first, *self._waiting()]
            self._do(commands)
            post(partial(_tell, commands))

    def _waiting(self) -> Iterable[_Command]:
        with suppress(Empty):
            for _ in range(MAX_COMMANDS - 1):
                command = self._inbox.get_nowait()
                if command is None:
                    self._inbox.put(None)
                    return
                yield command

    def _do(self, commands: Sequence[_Command]) -> None:
        """Do commands in one transaction, or, if that fails, each in its own."""
        try:
            self._connection.execute("BEGIN")
            for command in commands:
                self._try(command)
            self._connection.execute("COMMIT")
        except (sqlite3.Error, _HalfDone) as error:
            self._undo()
            if len(commands) > 1:
                for command in commands:
                    self._do([command])
            elif isinstance(error, sqlite3.Error):
                _log.warning("the queue's database refuses: %s", error)
                commands[0].error = QueueUnreachable(str(error))

    def _try(self, command: _Command) -> None:
        command.error = None
        before = self._connection.total_changes
        try:
            command.result = command.work(self._connection)
        except sqlite3.Error:
            raise
        except Exception as error:
            command.error = error
            # A savepoint for each command would cost more than the commands do.
            if self._connection.total_changes != before:
                raise _HalfDone from error

    def _undo(self) -> None:
        # SQLite has done so itself after some faults.
        with suppress(sqlite3.Error):
            self._connection.execute("ROLLBACK")


def _tell(commands: Iterable[_Command]) -> None:
    for command in commands:
        command.done.set()
