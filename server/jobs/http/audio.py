"""What there is of a note's audio: while it is made by whichever process, and afterwards.

A take is never spliced onto another one: whoever goes on reading names the take it has begun, and
is refused where that is not the one there is.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from dataclasses import dataclass

import anyio

from server.jobs.desk import Desk
from server.jobs.http.problems import TakeChanged
from server.jobs.job import JobRecord, JobState, JobStatus, LandedAudio
from server.jobs.queue import QueueUnreachable, WrongState
from server.jobs.relay import RelayUnreachable
from server.jobs.spool import SpoolAbandoned
from server.jobs.store import AudioMissing
from server.together import together

#: Who asks before there is anything is not sent away at once; proxies give up after a minute.
PATIENCE_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """A take in the making."""

    take: int
    chunks: AsyncGenerator[bytes, None]


class NoteAudio:
    """Finds the audio of notes."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def find(self, job_id: str, take: int | None, start: int) -> LandedAudio | Live:
        """Return what there is, waiting a while for the first of it.

        `take`, where it is given, is the only one wanted, from byte `start` on.

        Raises:
            UnknownJob: see there.
            TakeChanged: there is another take, or will be.
            WrongState: the job has ended without audio, or has not begun.
        """
        with anyio.move_on_after(PATIENCE_S):
            async with aclosing(self._desk.watch.changes(job_id)) as changes:
                async for record in changes:
                    found = self._at(record, take, start)
                    if found is not None:
                        return found
        raise WrongState("the note has not begun yet")

    def _at(self, record: JobRecord, take: int | None, start: int) -> LandedAudio | Live | None:
        status = record.status
        if status.audio is not None:
            _check(take, status.audio.take)
            return status.audio
        if status.state.is_end:
            raise WrongState(f"the note is {status.state.value}: there is no audio")
        if take is not None and (status.state is JobState.QUEUED or take != status.attempts):
            raise TakeChanged
        if status.state is JobState.QUEUED:
            return None
        return Live(take=status.attempts, chunks=self._tail(record, start))

    async def _tail(self, record: JobRecord, start: int) -> AsyncGenerator[bytes, None]:
        """Yield a take from `start` on.

        Raises:
            TakeChanged: it was given up.
            AudioMissing, StoreFailed: it was stored, and cannot be read.
        """
        job, take = record.job, record.status.attempts
        try:
            async with aclosing(self._desk.relay.follow(job.id, take, start)) as chunks:
                first = await self._first(chunks, job.id, take)
                start += len(first)
                if first:
                    yield first
                async for data in chunks:
                    start += len(data)
                    yield data
        except (SpoolAbandoned, RelayUnreachable, OSError):
            # What is heard no more may still be made, and be stored: the same take, byte by byte.
            end = (await self._stored(job.id, take)).num_bytes
            async with aclosing(self._desk.store.read(job.key, start, end)) as chunks:
                async for data in chunks:
                    yield data

    async def _first(self, chunks: AsyncGenerator[bytes, None], job_id: str, take: int) -> bytes:
        """Return the first of a take in the making, or nothing where that is all.

        Raises:
            SpoolAbandoned: see there; or the take was over before any of it was heard.
        """
        heard = b""

        async def hear() -> None:
            nonlocal heard
            heard = await anext(chunks, b"")
            scope.cancel()

        async def give_up() -> None:
            await self._end(job_id, take)
            raise SpoolAbandoned

        with anyio.CancelScope() as scope:
            await together(hear, give_up)
        return heard

    async def _end(self, job_id: str, take: int) -> None:
        """Wait until a take is over, as far as it can be known."""
        with suppress(QueueUnreachable):
            await self._outcome(job_id, take)
            return
        await anyio.sleep_forever()

    async def _stored(self, job_id: str, take: int) -> LandedAudio:
        audio = (await self._outcome(job_id, take)).audio
        if audio is None or audio.take != take:
            raise TakeChanged
        return audio

    async def _outcome(self, job_id: str, take: int) -> JobStatus:
        """Return the status of a job whose take is over, once it is."""
        async with aclosing(self._desk.watch.changes(job_id)) as changes:
            async for record in changes:
                status = record.status
                if status.state is not JobState.RUNNING or status.attempts != take:
                    return status
        raise AudioMissing


def _check(wanted: int | None, take: int) -> None:
    if wanted is not None and wanted != take:
        raise TakeChanged
