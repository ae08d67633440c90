"""A job in the hands of this process."""

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import anyio

from server.jobs import attempts
from server.jobs.job import JobError, JobRecord, JobState, JobStatus, LandedAudio
from server.jobs.queue import Superseded
from server.jobs.sqlite import takes
from server.jobs.sqlite.worker_thread import WorkerThread

#: What becomes of a status at a Unix time.
_Change = Callable[[JobStatus, float], JobStatus]


class SqliteClaim:
    """The `Claim` of the job in a row of the database."""

    def __init__(self, thread: WorkerThread, seq: int, record: JobRecord) -> None:
        self.record = record
        #: Of whoever runs it.
        self.scope = anyio.CancelScope()
        #: Whether nothing of it runs any more.
        self.is_over = False
        self._thread = thread
        self._seq = seq
        self._take: int | None = None

    async def begin(self, *, is_alone: bool) -> int:
        """Begin a take: see `Claim`."""
        work = partial(takes.begin, seq=self._seq, now=time.time(), is_alone=is_alone)
        status = await self._thread.do(work)
        self.record = replace(self.record, status=status)
        self._take = status.attempts
        return status.attempts

    async def progress(self, spoken_chars: int, made_s: float) -> None:
        """Note how far the take is: see `Claim`."""
        if self.is_over:
            raise Superseded
        status = replace(self.record.status, spoken_chars=spoken_chars, made_s=made_s)
        self.record = replace(self.record, status=status)

    async def stored(self, audio: LandedAudio) -> None:
        """Say that the audio has landed: see `Claim`."""
        made_s = self.record.status.made_s
        await self._conclude(
            lambda status, now: attempts.stored(replace(status, made_s=made_s), audio, now=now)
        )

    async def failed(self, error: JobError, *, may_retry: bool) -> None:
        """Say that the take failed: see `Claim`."""
        await self._conclude(
            lambda status, now: attempts.failed(status, error, now=now, may_retry=may_retry)
        )

    async def crashed(self) -> None:
        """Say that the process dies: see `Claim`."""
        await self._conclude(lambda status, now: attempts.abandoned(status, now=now))

    async def postponed(self, error: JobError, delay_s: float) -> None:
        """Give the take up until later: see `Claim`."""
        await self._conclude(
            lambda status, now: attempts.released(status, now=now, error=error), delay_s
        )

    async def broken(self) -> None:
        """Charge the job, begun or not, with a handler that does not work."""
        if self._take is None:
            # It must come to an end some time, and does so only by takes.
            await self.begin(is_alone=True)
        await self.failed(attempts.BROKEN, may_retry=True)

    async def give_back(self) -> None:
        """Queue the job again unless the last word of it was said."""
        if not self.is_over:
            work = partial(takes.give_back, seq=self._seq, now=time.time())
            await self._thread.do(work)
            self.is_over = True

    def seen(self, status: JobStatus) -> JobStatus:
        """Return what has become of the job, with how far the take is that runs."""
        if status.state is not JobState.RUNNING or status.attempts != self._take:
            return status
        here = self.record.status
        return replace(status, spoken_chars=here.spoken_chars, made_s=here.made_s)

    async def _conclude(self, change: _Change, delay_s: float = 0.0) -> None:
        if self.is_over or self._take is None:
            raise Superseded
        now = time.time()
        work = partial(
            takes.conclude,
            seq=self._seq,
            take=self._take,
            decide=lambda status: change(status, now),
            ready_at=now + delay_s if delay_s else None,
        )
        await self._thread.do(work)
        self.is_over = True
