"""Takes that are followed by the process that makes them: from their files."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager

import anyio

from server.jobs.relay import APPEARANCE_S
from server.jobs.spool import Spool, SpoolAbandoned


class LocalRelay:
    """The `Relay` of one process: it knows the spools of the takes that run here."""

    def __init__(self, *, patience_s: float = APPEARANCE_S) -> None:
        """Wait for a take that is not there for up to `patience_s`."""
        self._patience_s = patience_s
        self._spools: dict[str, Spool] = {}
        self._changed = anyio.Event()

    def find(self, job_id: str, take: int) -> Spool | None:
        """Return the spool of a take that runs here."""
        spool = self._spools.get(job_id)
        return spool if spool is not None and spool.take == take else None

    @asynccontextmanager
    async def publishing(self, job_id: str, spool: Spool) -> AsyncIterator[None]:
        """Let a take be followed: see `Relay`."""
        self._spools[job_id] = spool
        self._changed.set()
        self._changed = anyio.Event()
        try:
            yield
        finally:
            # A later take of the job may have come.
            if self._spools.get(job_id) is spool:
                del self._spools[job_id]

    async def follow(self, job_id: str, take: int, start: int = 0) -> AsyncGenerator[bytes, None]:
        """Yield the bytes of a take: see `Relay`."""
        spool = await self._appearance(job_id, take)
        async with aclosing(spool.follow(start)) as chunks:
            async for data in chunks:
                yield data

    async def _appearance(self, job_id: str, take: int) -> Spool:
        with anyio.move_on_after(self._patience_s):
            while (spool := self.find(job_id, take)) is None:
                await self._changed.wait()
            return spool
        raise SpoolAbandoned
