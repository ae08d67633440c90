"""Runs the jobs that this process has claimed, and cancels those that are not its any more."""

import logging
import time
from contextlib import suppress

import anyio
from coredis import Redis

from server.jobs.attempts import BROKEN, abandoned, expired, is_late
from server.jobs.job import JobRecord, JobState, JobStatus
from server.jobs.queue import Handler, QueueUnreachable, Superseded, UnknownJob
from server.jobs.redis.claim import RedisClaim
from server.jobs.redis.connection import Connection
from server.jobs.redis.records import Kept, Records
from server.jobs.redis.task_end import TaskEnd

#: Whoever cancels a job that runs waits for about so long, and all are asked for at once.
LOOK_S = 0.5
#: For so long it is tried to give a job back. Where Redis stays away its lease runs out.
_SETTLE_S = 2.0

_log = logging.getLogger(__name__)


class Runner:
    """Hands jobs to their handler, from the claim to the end."""

    def __init__(self, connection: Connection, records: Records, handler: Handler) -> None:
        self._connection = connection
        self._records = records
        self._handler = handler
        self._claims: set[RedisClaim] = set()
        self._stopping = anyio.Event()

    async def run_task(self, job_id: str, round_: int) -> TaskEnd:
        """Run the job of a task: see `task_end.RunTask`."""
        if self._stopping.is_set():
            return TaskEnd.RELEASED
        try:
            kept = await self._taken_up(job_id, round_)
        except QueueUnreachable:
            return TaskEnd.LOST
        if kept is None:
            return TaskEnd.DONE
        # It may have begun meanwhile, and cancelled the handlers that there were.
        if self._stopping.is_set():
            return TaskEnd.RELEASED
        claim = RedisClaim(self._connection, self._records, kept)
        self._claims.add(claim)
        with claim.scope:
            await self._handle(claim)
        self._claims.discard(claim)
        with anyio.move_on_after(_SETTLE_S, shield=True), suppress(QueueUnreachable):
            return await claim.settle(is_told=not claim.scope.cancelled_caught)
        return TaskEnd.LOST

    async def watch(self) -> None:
        """Cancel the handlers of jobs that were cancelled or lost; all of them, when cancelled."""
        try:
            while True:
                with suppress(QueueUnreachable):
                    await self._look()
                await anyio.sleep(LOOK_S)
        finally:
            self._stopping.set()
            for claim in self._claims:
                claim.scope.cancel()

    async def _look(self) -> None:
        takes = {claim: claim.take for claim in self._claims if claim.can_be_seen}
        ids = [claim.record.job.id for claim in takes]
        found = await self._connection.ask(lambda client: self._records.find_all(client, ids))
        for (claim, take), kept in zip(takes.items(), found, strict=True):
            # What it has said itself meanwhile was not read here.
            if claim.take == take and claim.can_be_seen:
                claim.see(kept)

    async def _handle(self, claim: RedisClaim) -> None:
        try:
            await self._handler(claim)
        except Exception:  # noqa: BLE001 others go on
            _log.exception("a job's handler failed")
            with suppress(Superseded, QueueUnreachable):
                await claim.failed(BROKEN, may_retry=True)

    async def _taken_up(self, job_id: str, round_: int) -> Kept | None:
        """Return a job that is to be run, and nobody runs; None where there is nothing to run."""

        async def take_up(client: Redis[bytes]) -> Kept | None:
            while True:
                kept = await self._records.find(client, job_id)
                if kept.round != round_ or kept.status.state.is_end:
                    return None
                status = _found(kept.record)
                if status == kept.status:
                    return kept
                await self._records.swap(client, kept, status)

        try:
            return await self._connection.ask(take_up)
        except UnknownJob:
            return None


def _found(record: JobRecord) -> JobStatus:
    """Return the status of a job whose task was free: whoever ran it does not any more."""
    now = time.time()
    if record.status.state is JobState.RUNNING:
        return abandoned(record.status, now=now)
    return expired(record.status, now=now) if is_late(record, now=now) else record.status
