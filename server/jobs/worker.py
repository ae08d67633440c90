"""Makes the notes that wait: each take through the engine into its spool, and on into the store."""

import logging
from contextlib import suppress

import anyio

from server.drain import WorkInHand
from server.errors import RequestError
from server.jobs.acceptance import note_in
from server.jobs.desk import Desk
from server.jobs.isolation import Isolation
from server.jobs.job import Job, LandedAudio
from server.jobs.queue import Claim, QueueUnreachable, Superseded, UnknownJob
from server.jobs.spool import Spool
from server.jobs.store import StoreFailed
from server.jobs.take import Take
from server.jobs.verdict import NOT_KEPT, no_store, tell
from server.service import Service
from server.together import together

_log = logging.getLogger(__name__)


class NoteWorker:
    """Runs the jobs of a queue through one engine."""

    def __init__(self, service: Service, desk: Desk) -> None:
        self._service = service
        self._desk = desk
        self._isolation = Isolation()

    async def run(self, slots: int) -> None:
        """Make notes, up to `slots` at once, until cancelled."""
        await self._desk.queue.run(self._handle, slots)

    async def _handle(self, claim: Claim) -> None:
        is_suspect = claim.record.status.is_suspect
        async with self._isolation.among(alone=is_suspect):
            if self._service.drain.has_begun or self._service.engine.failed:
                # Given back, it would be claimed again at once. It is once this process ends.
                await anyio.sleep_forever()
            with anyio.CancelScope() as scope, self._service.drain.working(WorkInHand(scope)):
                await self._run(claim, is_alone=is_suspect)

    async def _run(self, claim: Claim, *, is_alone: bool) -> None:
        """Make one take, and say what has become of it."""
        try:
            take = await claim.begin(is_alone=is_alone)
            try:
                audio = await self._make(claim, take)
            except RequestError as error:
                await tell(claim, error)
            except (StoreFailed, OSError) as error:
                _log.warning("a note was made and cannot be kept: %s", error)
                await no_store(claim, NOT_KEPT)
            else:
                await self._say_stored(claim, audio)
        except Superseded:
            _log.info("a take was given up: somebody else has the note, or it has ended")

    async def _say_stored(self, claim: Claim, audio: LandedAudio) -> None:
        try:
            await claim.stored(audio)
        except Superseded:
            with suppress(QueueUnreachable, StoreFailed):
                if await self._is_forgotten(claim.record.job):
                    await self._desk.store.remove(claim.record.job.key)
            raise

    async def _is_forgotten(self, job: Job) -> bool:
        """Tell whether no record leads to what has landed of a job."""
        try:
            record = await self._desk.queue.find(job.id)
        except UnknownJob:
            return True
        return record.job.key != job.key

    async def _make(self, claim: Claim, number: int) -> LandedAudio:
        job = claim.record.job
        note = note_in(job)
        spool = Spool(self._desk.spools / f"{job.id}-{number}", number)
        take = Take(self._service, note, spool, claim)
        landed: list[LandedAudio] = []

        async def land() -> None:
            landing = await self._desk.store.land(job.key, spool, note.reply.media_type)
            if not landing.is_first:
                self._service.metrics.landings_refused.inc()
            landed.append(landing.audio)

        try:
            async with self._desk.relay.publishing(job.id, spool):
                await together(take.speak, land)
        finally:
            await spool.abandon()
        return landed[0]
