"""A job in hand: what its handler says of it, as long as it is ours."""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import anyio

from server.jobs.attempts import abandoned, begun, failed, released, stored
from server.jobs.job import JobError, JobRecord, JobState, JobStatus, LandedAudio
from server.jobs.queue import QueueUnreachable, Superseded, UnknownJob
from server.jobs.redis.connection import Ask, Connection
from server.jobs.redis.records import Kept, Records
from server.jobs.redis.task_end import Postponed, TaskEnd

#: How far a take is changes with every step; to say so costs as much as to begin it.
_PROGRESS_S = 1.0


class RedisClaim:
    """The `Claim` of a job in Redis. A take is ours while the record says that it runs.

    Where Redis cannot be reached, all but `progress` wait until it can.
    """

    def __init__(self, connection: Connection, records: Records, kept: Kept) -> None:
        self._connection = connection
        self._records = records
        self._kept = kept
        #: The number of the take, 0 before it has begun.
        self.take = 0
        #: Of the handler: cancelled where there is nothing left to run.
        self.scope = anyio.CancelScope()
        self._num_takes = kept.status.attempts
        self._is_speaking = False
        self._is_over = False
        self._delay_s: float | None = None
        #: Made in the take, in seconds, as it was said last.
        self._made_s = 0.0
        self._progress_at = 0.0

    @property
    def record(self) -> JobRecord:
        """Return the job: see `Claim`."""
        return self._kept.record

    @property
    def can_be_seen(self) -> bool:
        """Tell whether the record in Redis says how it is: while something is said it may not."""
        return not self._is_speaking and not self._is_over

    async def begin(self, *, is_alone: bool) -> int:
        """Begin a take: see `Claim`."""
        now = time.time()

        def decide(status: JobStatus) -> JobStatus:
            if (status.state, status.attempts) != (JobState.QUEUED, self._num_takes):
                raise Superseded
            if status.is_suspect and not is_alone:
                raise Superseded
            return begun(status, now=now, is_alone=is_alone)

        await self._change(decide, self._connection.ask_until_answered)
        self.take = self._num_takes = self._kept.status.attempts
        self._progress_at = anyio.current_time()
        return self.take

    async def progress(self, spoken_chars: int, made_s: float) -> None:
        """Note how far the take is: see `Claim`."""
        if self._is_over:
            raise Superseded
        self._made_s = made_s
        now = anyio.current_time()
        if now - self._progress_at < _PROGRESS_S:
            return
        self._progress_at = now

        def decide(status: JobStatus) -> JobStatus:
            return replace(self._running(status), spoken_chars=spoken_chars, made_s=made_s)

        try:
            await self._change(decide, self._connection.ask)
        except QueueUnreachable:
            # The next one may be noted.
            return

    async def stored(self, audio: LandedAudio) -> None:
        """Say that the audio has landed: see `Claim`."""
        now, made_s = time.time(), self._made_s
        await self._end(lambda status: stored(replace(status, made_s=made_s), audio, now=now))

    async def failed(self, error: JobError, *, may_retry: bool) -> None:
        """Say that the take failed: see `Claim`."""
        now = time.time()
        await self._end(lambda status: failed(status, error, now=now, may_retry=may_retry))

    async def crashed(self) -> None:
        """Say that the process dies in the middle of the take: see `Claim`."""
        now = time.time()
        await self._end(lambda status: abandoned(status, now=now))

    async def postponed(self, error: JobError, delay_s: float) -> None:
        """Give the take up for a while: see `Claim`."""
        now = time.time()
        await self._end(lambda status: released(status, now=now, error=error))
        self._delay_s = delay_s

    async def settle(self, *, is_told: bool) -> TaskEnd:
        """Give back what nothing was said of; return what becomes of the task.

        `is_told` says that the handler left of itself: then others come first, lest it go round.

        Raises:
            Postponed: the task is for later.
        """
        if not self._is_over:
            self._delay_s = 0.0 if is_told else None
            if not await self._given_back():
                return TaskEnd.DONE if self._kept.status.state.is_end else TaskEnd.LOST
        if self._kept.status.state.is_end:
            return TaskEnd.DONE
        if self._delay_s is not None:
            raise Postponed(self._delay_s)
        return TaskEnd.RELEASED

    def see(self, kept: Kept | None) -> None:
        """Take note of the record as others left it: cancel the handler where it is not ours."""
        if kept is None or not self._is_ours(kept) or kept.status.is_cancelling:
            self.scope.cancel()

    async def _given_back(self) -> bool:
        now = time.time()
        if not self.take:
            return self._is_ours(self._kept)
        with suppress(Superseded):
            await self._end(lambda status: released(status, now=now))
        return self._is_over

    def _is_ours(self, kept: Kept) -> bool:
        status = kept.status
        if kept.round != self._kept.round or status.attempts != self._num_takes:
            return False
        return status.state is (JobState.RUNNING if self.take else JobState.QUEUED)

    def _running(self, status: JobStatus) -> JobStatus:
        is_ours = status.state is JobState.RUNNING and status.attempts == self.take
        if self._is_over or not is_ours:
            raise Superseded
        return status

    async def _end(self, decide: Callable[[JobStatus], JobStatus]) -> None:
        await self._change(
            lambda status: decide(self._running(status)), self._connection.ask_until_answered
        )
        self._is_over = True

    async def _change(self, decide: Callable[[JobStatus], JobStatus], ask: Ask) -> None:
        """Change the status as it was known last; where it is another now, that one."""
        self._is_speaking = True
        try:
            status = decide(self._kept.status)
            while not await self._swap(status, ask):
                status = decide(self._kept.status)
        finally:
            self._is_speaking = False

    async def _swap(self, status: JobStatus, ask: Ask) -> bool:
        kept = self._kept
        after = await ask(lambda client: self._records.swap(client, kept, status))
        if after is None:
            try:
                after = await ask(lambda client: self._records.find(client, kept.record.job.id))
            except UnknownJob as error:
                raise Superseded from error
            if after.round != kept.round:
                raise Superseded
        self._kept = after
        # It may have been done and the answer lost.
        return after.status == status
