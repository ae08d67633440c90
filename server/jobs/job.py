"""A job: a note that was accepted, and what has become of it. Times are Unix times in seconds."""

from dataclasses import dataclass, field
from enum import StrEnum

from server.audio.formats import AudioFormat


class Priority(StrEnum):
    """Which jobs are begun first."""

    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"


class JobState(StrEnum):
    """Where a job is. The last three are ends."""

    QUEUED = "queued"
    RUNNING = "running"
    STORED = "stored"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_end(self) -> bool:
        """Whether nothing more happens of itself."""
        return self in (JobState.STORED, JobState.FAILED, JobState.CANCELLED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A note as it was accepted. It never changes."""

    id: str
    #: Of the request as it was sent: the same key may not stand for two requests.
    digest: str
    #: The request, a msgpack map as `POST /v1/notes` takes it, with its seed.
    body: bytes = field(repr=False)
    format: AudioFormat
    priority: Priority
    num_chars: int
    #: How long its audio should become, in seconds.
    audio_s: float
    accepted_at: float
    #: It fails if it has not begun by then.
    expires_at: float
    webhook: str | None = field(default=None, repr=False)

    @property
    def key(self) -> str:
        """Where its audio lands: one place for one accepted request, however often it is made."""
        return f"{self.id}/{self.digest[:_KEY_CHARS]}.{self.format.value}"


#: Enough of a SHA-256 that no two requests share it.
_KEY_CHARS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class JobError:
    """Why a job failed, or why its last try did. `code` is stable, `message` is for people."""

    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LandedAudio:
    """The audio of a job, in its store. `take` is 0 where nobody knows any more which it was."""

    take: int
    num_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JobStatus:
    """What has become of a job; `server.jobs.attempts` says what may follow what."""

    state: JobState = JobState.QUEUED
    #: The takes begun so far, which number them: no two have the same.
    attempts: int = 0
    #: Those of the tries that count which have failed.
    failures: int = 0
    #: Whether the running take has the process to itself.
    is_alone: bool = False
    #: Whether it was there when a process died: it may have been the cause.
    is_suspect: bool = False
    is_cancelling: bool = False
    #: Whether somebody sent it again when it had ended: it is not too late any more.
    is_resent: bool = False
    #: Whether it is being forgotten, audio first: it is not sent again any more.
    is_retired: bool = False
    #: Of the text, spoken in the running take.
    spoken_chars: int = 0
    #: Of audio, in seconds, made in the running take.
    made_s: float = 0.0
    begun_at: float | None = None
    ended_at: float | None = None
    error: JobError | None = None
    audio: LandedAudio | None = None
    #: How often its webhook was called, and when it is due, if it is.
    notices: int = 0
    notice_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRecord:
    """A job and its status."""

    job: Job
    status: JobStatus = JobStatus()
