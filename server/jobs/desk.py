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
        """Hand jobs to the queue, and return what has become of those that it had room for.

        They are the first of `jobs`, and one at least.

        Raises:
            RequestError: `quota`: there is no room for the first.
            QueueUnreachable: see there.
        """
        while True:
            try:
                return await self.queue.submit(jobs)
            except QueueFull as error:
                if len(jobs) == 1:
                    raise self.no_room(error.excess_s) from error
                jobs = _without(jobs, error.excess_s)

    def no_room(self, audio_s: float) -> RequestError:
        """Return what is said of audio that cannot wait: when there should be room for it."""
        return RequestError(
            ErrorCode.QUOTA,
            "too much is waiting already",
            retry_after_s=self.pace.time_for(audio_s),
        )


def _without(jobs: Sequence[Job], audio_s: float) -> Sequence[Job]:
    """Leave out the last of several jobs, as many as have so much audio, but for the first."""
    num_kept = len(jobs)
    while num_kept > 1 and audio_s > 0:
        num_kept -= 1
        audio_s -= jobs[num_kept].audio_s
    return jobs[:num_kept]
