"""The end of what was kept: jobs that ended long ago, and their audio."""

import logging

import anyio

from server.jobs.desk import Desk
from server.jobs.job import JobRecord
from server.jobs.queue import QueueUnreachable, UnknownJob, WrongState
from server.jobs.store import StoreFailed

_log = logging.getLogger(__name__)

#: Nobody needs the room to the minute.
LOOK_S = 60.0
#: Removed in one go: a minute of work for the slowest store.
GROUP = 500
#: Passed over at most: each is read once more for every group behind it.
MAX_STUCK = 20 * GROUP


class Retention:
    """Removes what has been kept for long enough."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        #: Ids of what could not be removed. It is passed over until those behind it were tried.
        self._stuck: set[str] = set()

    async def run(self) -> None:
        """Look and remove, until cancelled."""
        while True:
            try:
                while await self._remove_some():
                    pass
            except QueueUnreachable as error:
                _log.warning("old notes cannot be removed at the moment: %s", error)
            await anyio.sleep(LOOK_S)

    async def _remove_some(self) -> bool:
        """Remove some of what is too old; tell whether any of it could be."""
        time = self._desk.clock() - self._desk.limits.retention_s
        records = await self._desk.queue.ended_before(time, GROUP + len(self._stuck))
        untried = [record for record in records if record.job.id not in self._stuck]
        if not untried or len(self._stuck) >= MAX_STUCK:
            self._stuck.clear()
            return False
        removed = [await self._remove(record, time) for record in untried]
        return any(removed)

    async def _remove(self, listed: JobRecord, time: float) -> bool:
        queue, store = self._desk.queue, self._desk.store
        try:
            # Since it was listed, somebody may have sent it again, and it may have landed.
            record = await queue.find(listed.job.id)
            if record.status.ended_at is None or record.status.ended_at >= time:
                return False
            await queue.retire(record.job.id)
            await store.remove(record.job.key)
            await queue.remove(record.job.id)
        except StoreFailed as error:
            _log.warning("an old note cannot be removed at the moment: %s", error)
            self._stuck.add(listed.job.id)
            return False
        except (UnknownJob, WrongState):
            # Somebody was sooner.
            return False
        return True
