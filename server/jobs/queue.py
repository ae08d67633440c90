"""The seam of waiting notes: what every place they wait in can do.

Whatever happens to a process, a job that was accepted is run until it ends: at least once, by one
process at a time as far as anybody can know, and by a later one where the earlier may still be
running. That it lands once is the part of `server.jobs.store`.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol, TypeAlias

from server.jobs.job import Job, JobError, JobRecord, JobState, LandedAudio, Priority


class UnknownJob(Exception):
    """There is no job of this id, or none any more."""


class WrongState(Exception):
    """The job is not in a state in which that can be done. Its message says which."""


class QueueFull(Exception):
    """So much audio waits that no more is accepted. `excess_s` of it must be made first."""

    def __init__(self, excess_s: float) -> None:
        super().__init__("too much is waiting")
        self.excess_s = excess_s


class QueueUnreachable(Exception):
    """The place that jobs are kept in cannot be reached, or is full: nothing was changed."""


class Superseded(Exception):
    """The take is not the job's any more: it was abandoned, or the job has ended."""


class Receipt(StrEnum):
    """What has become of a job that was submitted."""

    ACCEPTED = "accepted"
    #: There is one of this id and digest.
    EXISTING = "existing"
    #: There is one of this id, and another digest.
    CONFLICT = "conflict"


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueStats:
    """What waits. Audio is in seconds, as estimated when it was accepted."""

    queued: dict[Priority, int] = field(default_factory=dict)
    running: int = 0
    #: Of all that waits or runs.
    audio_s: float = 0.0
    #: When the oldest that waits was accepted.
    oldest_at: float | None = None
    #: Jobs that failed and are still kept: the dead letters.
    failed: int = 0
    #: Audio of all the jobs that have ended since there is the queue. It only grows.
    drained_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some records, the newest first; `next_cursor` leads to those after them."""

    records: tuple[JobRecord, ...]
    next_cursor: str | None = None


class Claim(Protocol):
    """A job that this process, and nobody else, should run now."""

    @property
    def record(self) -> JobRecord:
        """The job, and its status as far as it is known here."""
        ...

    async def begin(self, *, is_alone: bool) -> int:
        """Begin a take, durably, and return its number.

        Raises:
            Superseded: the job has ended meanwhile, or must not run in company.
        """
        ...

    async def progress(self, spoken_chars: int, made_s: float) -> None:
        """Note how far the take is. Of it, `made_s` is kept if the take is `stored` next.

        Raises:
            Superseded: somebody else runs it, or it has ended.
        """
        ...

    async def stored(self, audio: LandedAudio) -> None:
        """Say that the audio has landed. After this nothing more may be said.

        Raises:
            Superseded: the job had ended.
        """
        ...

    async def failed(self, error: JobError, *, may_retry: bool) -> None:
        """Say that the take failed; it is tried again while it may be. As with `stored`."""
        ...

    async def crashed(self) -> None:
        """Say that the process dies in the middle of the take. As with `stored`."""
        ...

    async def postponed(self, error: JobError, delay_s: float) -> None:
        """Give the take up for no fault of the job, and try again in `delay_s`. As `stored`."""
        ...


#: Runs one job. It is cancelled where its job is, or where its lease is lost. Returning without
#: having said what became of the job, or being cancelled from outside, gives the job back.
Handler: TypeAlias = Callable[[Claim], Awaitable[None]]


class NoteQueue(Protocol):
    """A place where jobs wait. All methods may raise `QueueUnreachable`.

    Those that return many jobs may leave out their bodies, each of which may be as long as a book.
    """

    async def submit(self, jobs: Sequence[Job]) -> list[Receipt]:
        """Accept jobs, durably and all at once; the order of equals is that of their coming.

        Raises:
            QueueFull: with them, more than `max_audio_s` would wait. None was accepted.
        """
        ...

    async def find(self, job_id: str) -> JobRecord:
        """Return a job.

        Raises:
            UnknownJob: see there.
        """
        ...

    async def find_all(self, job_ids: Sequence[str]) -> list[JobRecord | None]:
        """Return many at once, None for those that are not there."""
        ...

    async def page(
        self, *, limit: int, cursor: str | None = None, state: JobState | None = None
    ) -> Page:
        """Return up to `limit` of the jobs in `state`, or all.

        Raises:
            ValueError: `cursor` is none that was given out.
        """
        ...

    async def cancel(self, job_id: str) -> JobRecord:
        """End a job that waits; have one that runs cancelled, which takes about a second.

        Raises:
            UnknownJob: see there.
            WrongState: it has ended otherwise.
        """
        ...

    async def retry(self, job_id: str) -> JobRecord:
        """Queue a job once more that failed or was cancelled, with all its tries.

        Raises:
            UnknownJob: see there.
            WrongState: it has not failed, or was retired.
        """
        ...

    async def retire(self, job_id: str) -> JobRecord:
        """Have a job that has ended not be sent again: its audio can be removed then.

        Raises:
            UnknownJob: see there.
            WrongState: it has not ended.
        """
        ...

    async def remove(self, job_id: str) -> None:
        """Forget a job that has ended.

        Raises:
            UnknownJob: see there.
            WrongState: it has not ended.
        """
        ...

    async def ended_before(self, time: float, limit: int) -> list[JobRecord]:
        """Return jobs that ended before a Unix time, the oldest first."""
        ...

    async def take_notices(self, *, now: float, until: float, limit: int) -> list[JobRecord]:
        """Return jobs whose webhook is due, each counted as tried once more.

        Nobody else gets them before `until`.
        """
        ...

    async def noticed(self, job_id: str, next_at: float | None) -> None:
        """Say when the webhook of a job is due again, or that it was called, or given up.

        Raises:
            UnknownJob: see there.
        """
        ...

    async def stats(self) -> QueueStats:
        """Count what is there."""
        ...

    async def run(self, handler: Handler, slots: int) -> None:
        """Run jobs, up to `slots` at once, the more urgent first, until cancelled.

        Those in hand are then given back. Jobs that are too old are ended instead of being run.
        """
        ...
