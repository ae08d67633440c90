"""Jobs that this process runs: as many as there are slots, each in a task of its own."""

import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial

import anyio
from anyio.abc import TaskGroup

from server.jobs.job import JobRecord
from server.jobs.queue import Handler, QueueUnreachable, Superseded
from server.jobs.sqlite.claim import SqliteClaim
from server.jobs.sqlite.ready import ready
from server.jobs.sqlite.worker_thread import WorkerThread

#: A database that could not be reached is tried again after this: nobody does so in vain often.
RETRY_S = 1.0
#: Whoever cancels does not wait longer until what was in hand is given back. What is not is taken
#: up as abandoned by the next process.
GIVE_BACK_S = 5.0
#: A clock that is set back makes nobody wait longer than this.
MAX_WAIT_S = 60.0

_log = logging.getLogger(__name__)


class Running:
    """Claims jobs and has them handled."""

    def __init__(self, thread: WorkerThread) -> None:
        self._thread = thread
        #: By the ids of their jobs.
        self._claims: dict[str, SqliteClaim] = {}
        self._changed = anyio.Event()
        self._guard = anyio.ResourceGuard("running jobs of")

    async def run(self, handler: Handler, slots: int) -> None:
        """Run jobs until cancelled: see `NoteQueue.run`."""
        with self._guard:
            async with anyio.create_task_group() as tasks:
                while True:
                    changed = self._changed
                    due_at = await self._fill(handler, slots, tasks)
                    with anyio.move_on_after(min(due_at - time.time(), MAX_WAIT_S)):
                        await changed.wait()

    def wake(self) -> None:
        """Look for jobs now."""
        self._changed.set()
        self._changed = anyio.Event()

    def cancel(self, job_id: str) -> None:
        """Cancel whoever runs a job here."""
        if (claim := self._claims.get(job_id)) is not None:
            claim.scope.cancel()

    def seen(self, record: JobRecord) -> JobRecord:
        """Return a job with how far it is, if it runs here."""
        claim = self._claims.get(record.job.id)
        return record if claim is None else replace(record, status=claim.seen(record.status))

    async def _fill(self, handler: Handler, slots: int, tasks: TaskGroup) -> float:
        """Claim jobs for the free slots; return when to look again."""
        free, held = slots - len(self._claims), set(self._claims)
        now = time.time()
        try:
            found = await self._thread.do(partial(ready, limit=free, held=held, now=now))
        except QueueUnreachable:
            return now + RETRY_S
        for seq, record in found.records.items():
            claim = SqliteClaim(self._thread, seq, record)
            self._claims[record.job.id] = claim
            tasks.start_soon(self._run_one, handler, claim)
        return found.due_at

    async def _run_one(self, handler: Handler, claim: SqliteClaim) -> None:
        try:
            with claim.scope:
                await _handle(handler, claim)
            await _insist(claim.give_back)
        finally:
            with anyio.move_on_after(GIVE_BACK_S, shield=True):
                await _insist(claim.give_back)
            claim.is_over = True
            del self._claims[claim.record.job.id]
            self.wake()


async def _handle(handler: Handler, claim: SqliteClaim) -> None:
    try:
        await handler(claim)
    except Superseded:
        _log.info("job %s is not run: it has ended, or must be alone", claim.record.job.id)
    except QueueUnreachable as error:
        _log.warning("job %s is given back: %s", claim.record.job.id, error)
        # Its slot is held: another job would fare no better.
        await anyio.sleep(RETRY_S)
    except Exception:  # noqa: BLE001 whatever it is, others go on
        _log.exception("job %s could not be handled", claim.record.job.id)
        with suppress(Superseded):
            await _insist(claim.broken)


async def _insist(say: Callable[[], Awaitable[None]]) -> None:
    """Say something to the database until it hears it."""
    while True:
        try:
            return await say()
        except QueueUnreachable:
            await anyio.sleep(RETRY_S)
