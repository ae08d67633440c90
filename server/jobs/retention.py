"""The end of what was kept: jobs that ended long ago, and their audio."""

import logging

import anyio

from server.jobs.desk import Desk
from server.jobs.queue import QueueUnreachable, UnknownJob, WrongState
from server.jobs.store import StoreFailed

_log = logging.getLogger(__name__)

#: Nobody needs the room to the minute.
LOOK_S = 60.0
#: Removed in one go: a minute of work for the slowest store.
GROUP = 500


class Retention:
    """Removes what has been kept for long enough."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def run(self) -> None:
        """Look and remove, until cancelled."""
        while True:
            try:
                await self._remove()
            except (QueueUnreachable, StoreFailed) as error:
                _log.warning("old notes cannot be removed at the moment: %s", error)
            await anyio.sleep(LOOK_S)

    async def _remove(self) -> None:
        queue, limits = self._desk.queue, self._desk.limits
        time = self._desk.clock() - limits.retention_s
        while records := await queue.ended_before(time, GROUP):
            for record in records:
                await self._desk.store.remove(record.job.key)
                try:
                    await queue.remove(record.job.id)
                except (UnknownJob, WrongState):
                    # Somebody was sooner, or has sent it again.
                    continue
