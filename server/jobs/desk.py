"""What the faces of the jobs share: where they wait, where they land, and what is known of both."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from protocol.codes import ErrorCode
from server.errors import RequestError
from server.jobs.job import Job
from server.jobs.limits import JobLimits
from server.jobs.pace import Pace
from server.jobs.queue import NoteQueue, QueueFull, Receipt
from server.jobs.relay import Relay
from server.jobs.store import AudioStore
from server.jobs.watch import Watch


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """The queue and the store, who looks at them, and the limits."""

    queue: NoteQueue
    store: AudioStore
    relay: Relay
    watch: Watch
    pace: Pace
    #: Takes are written here, on a disk of this machine.
    spools: Path
    limits: JobLimits = field(default_factory=JobLimits)
    #: Unix time, in seconds: it is shared with other processes, and outlives this one.
    clock: Callable[[], float] = time.time

    async def submit(self, jobs: Sequence[Job]) -> list[Receipt]:
        """Hand jobs to the queue, all of them or none.

        Raises:
            RequestError: `quota`, with the time in which there should be room.
            QueueUnreachable: see there.
        """
        try:
            return await self.queue.submit(jobs)
        except QueueFull as error:
            raise RequestError(
                ErrorCode.QUOTA,
                "too much is waiting already",
                retry_after_s=self.pace.time_for(error.excess_s),
            ) from error
