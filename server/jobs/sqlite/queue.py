"""The `NoteQueue` of one machine: no server, no package, one file."""

import logging
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Self

import anyio
from anyio import to_thread

from server.jobs import attempts
from server.jobs.job import Job, JobRecord, JobState
from server.jobs.queue import Handler, Page, QueueStats, Receipt
from server.jobs.sqlite import changing, notices, reading, takes
from server.jobs.sqlite.database import Database
from server.jobs.sqlite.rows import record_of
from server.jobs.sqlite.running import Running
from server.jobs.sqlite.worker_thread import WorkerThread

_log = logging.getLogger(__name__)


class SqliteNoteQueue:
    """Jobs in a file of this machine, which this process alone has open."""

    def __init__(self, thread: WorkerThread, max_audio_s: float) -> None:
        """Use `thread`, and accept up to `max_audio_s` of audio: see `open`."""
        self._thread = thread
        self._max_audio_s = max_audio_s
        self._running = Running(thread)

    @classmethod
    @asynccontextmanager
    async def open(cls, path: Path, *, max_audio_s: float) -> AsyncGenerator[Self, None]:
        """Open the file at `path`, in which at most `max_audio_s` of audio may wait.

        It is made, with its folder, where there is none. Jobs that a process died with wait again.

        Raises:
            DatabaseUnusable: it is none of ours, of a newer release, or open in another process.
        """
        database = await to_thread.run_sync(Database, path)
        try:
            async with anyio.create_task_group() as tasks:
                thread = WorkerThread(database.connection)
                tasks.start_soon(thread.run)
                try:
                    await _recover(thread)
                    yield cls(thread, max_audio_s)
                finally:
                    thread.stop()
        finally:
            with anyio.CancelScope(shield=True):
                await to_thread.run_sync(database.close)

    async def submit(self, jobs: Sequence[Job]) -> list[Receipt]:
        """Accept jobs: see `NoteQueue`."""
        work = partial(changing.submit, jobs=jobs, max_audio_s=self._max_audio_s)
        receipts = await self._thread.do(work)
        self._running.wake()
        return receipts

    async def find(self, job_id: str) -> JobRecord:
        """Return a job: see `NoteQueue`."""
        row = await self._thread.do(partial(reading.find_row, job_id=job_id))
        return self._running.seen(record_of(row))

    async def find_all(self, job_ids: Sequence[str]) -> list[JobRecord | None]:
        """Return many at once: see `NoteQueue`."""
        found = await self._thread.do(partial(reading.find_all, job_ids=job_ids))
        return [record and self._running.seen(record) for record in found]

    async def page(
        self, *, limit: int, cursor: str | None = None, state: JobState | None = None
    ) -> Page:
        """Return some jobs: see `NoteQueue`."""
        before = reading.row_before(cursor)
        page = await self._thread.do(partial(reading.page, limit=limit, before=before, state=state))
        records = tuple(self._running.seen(record) for record in page.records)
        return Page(records=records, next_cursor=page.next_cursor)

    async def cancel(self, job_id: str) -> JobRecord:
        """Cancel a job: see `NoteQueue`."""
        record = await self._change(job_id, partial(attempts.cancelled, now=time.time()))
        self._running.cancel(job_id)
        return self._running.seen(record)

    async def retry(self, job_id: str) -> JobRecord:
        """Queue a job once more: see `NoteQueue`."""
        record = await self._change(job_id, attempts.retried)
        self._running.wake()
        return record

    async def retire(self, job_id: str) -> JobRecord:
        """Have a job not be sent again: see `NoteQueue`."""
        return await self._change(job_id, attempts.retired)

    async def remove(self, job_id: str) -> None:
        """Forget a job: see `NoteQueue`."""
        await self._thread.do(partial(changing.remove, job_id=job_id))

    async def ended_before(self, time: float, limit: int) -> list[JobRecord]:
        """Return jobs that ended before a time: see `NoteQueue`."""
        return await self._thread.do(partial(reading.ended_before, time=time, limit=limit))

    async def take_notices(self, *, now: float, until: float, limit: int) -> list[JobRecord]:
        """Return jobs whose webhook is due: see `NoteQueue`."""
        return await self._thread.do(partial(notices.take, now=now, until=until, limit=limit))

    async def noticed(self, job_id: str, next_at: float | None) -> None:
        """Say when a webhook is due again: see `NoteQueue`."""
        await self._change(job_id, partial(attempts.noticed, next_at=next_at))

    async def stats(self) -> QueueStats:
        """Count what is there: see `NoteQueue`."""
        return await self._thread.do(reading.stats)

    async def run(self, handler: Handler, slots: int) -> None:
        """Run jobs: see `NoteQueue`."""
        await self._running.run(handler, slots)

    async def _change(self, job_id: str, decide: changing.Change) -> JobRecord:
        return await self._thread.do(partial(changing.change, job_id=job_id, decide=decide))


async def _recover(thread: WorkerThread) -> None:
    abandoned = await thread.do(partial(takes.recover, now=time.time()))
    if abandoned:
        _log.warning("%d jobs were being made when a process died", abandoned)
