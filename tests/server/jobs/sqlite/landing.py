"""A worker that makes nothing and lands it in a folder, for tests in which its process dies."""

import os
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
from anyio import to_thread

from server.jobs.job import LandedAudio
from server.jobs.queue import Claim

#: What one counts for that is alone: more than there are slots.
_MANY = 1_000


class Lander:
    """A handler. What lands is a file whose name is the job's, and whose text is the take.

    Those that may have been the cause of a crash are run alone.
    """

    def __init__(self, folder: Path, passed: Callable[[], None] = lambda: None) -> None:
        """Land in `folder`; `passed` is called wherever the process could die."""
        self._folder = folder
        self._passed = passed
        self._num_active = 0
        self._changed = anyio.Event()
        #: By takes that found another's audio there.
        self.num_refused = 0

    async def __call__(self, claim: Claim) -> None:
        self._passed()
        async with self._company(is_alone=claim.record.status.is_suspect):
            take = await claim.begin(is_alone=claim.record.status.is_suspect)
            self._passed()
            landed = await self._land(claim.record.job.id, take)
            self._passed()
            await claim.stored(LandedAudio(take=landed, num_bytes=len(str(landed))))
        self._passed()

    async def _land(self, job_id: str, take: int) -> int:
        made, place = self._folder / f".{job_id}-{take}", self._folder / job_id
        await to_thread.run_sync(made.write_text, str(take))
        self._passed()
        try:
            # Exclusively: where there is one, it fails.
            await to_thread.run_sync(os.link, made, place)
        except FileExistsError:
            self.num_refused += 1
        self._passed()
        await to_thread.run_sync(made.unlink)
        return int(await to_thread.run_sync(place.read_text))

    @asynccontextmanager
    async def _company(self, *, is_alone: bool) -> AsyncGenerator[None, None]:
        while self._num_active >= (1 if is_alone else _MANY):
            await self._changed.wait()
        weight = _MANY if is_alone else 1
        self._num_active += weight
        try:
            yield
        finally:
            self._num_active -= weight
            self._changed.set()
            self._changed = anyio.Event()
