"""What may become of a job: each function returns the status after something has happened to it.

A try counts against its job where the job itself failed, or where the process died that made it
alone, as a suspect. That is what a process that dies makes of all that it was making, be it one
job, without charging any. So a job that kills every process has one death more than failures.
"""

from dataclasses import replace

from server.jobs.job import JobError, JobRecord, JobState, JobStatus, LandedAudio
from server.jobs.queue import WrongState

#: The third failure is the last: a fault that passes has passed by then.
MAX_FAILURES = 3

CRASHED = JobError(code="crashed", message="the process that made it died")
EXPIRED = JobError(code="expired", message="it was not begun in time")
#: Of one whose handler does not work.
BROKEN = JobError(code="internal", message="it could not be made")


def begun(status: JobStatus, *, now: float, is_alone: bool) -> JobStatus:
    """A take of a queued job begins."""
    return replace(
        status,
        state=JobState.RUNNING,
        attempts=status.attempts + 1,
        is_alone=is_alone,
        spoken_chars=0,
        made_s=0.0,
        begun_at=now,
    )


def abandoned(status: JobStatus, *, now: float) -> JobStatus:
    """A running take is found with nobody at it: the process died, or was held up for too long."""
    if status.is_cancelling or status.is_alone:
        return failed(status, CRASHED, now=now)
    return replace(_queued(status), is_suspect=True)


def released(status: JobStatus, *, now: float, error: JobError | None = None) -> JobStatus:
    """A running take is given up for no fault of its own; a later one begins afresh."""
    if status.is_cancelling:
        return _ended(status, JobState.CANCELLED, now)
    return replace(_queued(status), error=error or status.error)


def failed(status: JobStatus, error: JobError, *, now: float, may_retry: bool = True) -> JobStatus:
    """A take has failed; the job too, if it was the last that it may have."""
    if status.is_cancelling:
        return _ended(status, JobState.CANCELLED, now)
    failures = status.failures + 1
    status = replace(status, failures=failures, error=error)
    if may_retry and failures < MAX_FAILURES:
        return _queued(status)
    return _ended(status, JobState.FAILED, now)


def is_late(record: JobRecord, *, now: float) -> bool:
    """Tell whether a queued job is to end instead of being begun."""
    status = record.status
    return not status.attempts and not status.is_resent and record.job.expires_at <= now


def expired(status: JobStatus, *, now: float) -> JobStatus:
    """A queued job was not begun in time."""
    return _ended(replace(status, error=EXPIRED), JobState.FAILED, now)


def stored(status: JobStatus, audio: LandedAudio, *, now: float) -> JobStatus:
    """The audio has landed."""
    return _ended(replace(status, audio=audio, error=None), JobState.STORED, now)


def cancelled(status: JobStatus, *, now: float) -> JobStatus:
    """Somebody wants a job no more; one that runs ends when its take is given up.

    Raises:
        WrongState: it has ended otherwise.
    """
    if status.state is JobState.RUNNING:
        return replace(status, is_cancelling=True)
    if status.state is JobState.QUEUED:
        return _ended(status, JobState.CANCELLED, now)
    return _required(status, JobState.CANCELLED)


def retried(status: JobStatus) -> JobStatus:
    """Somebody sends a failed or cancelled job again, with all its tries.

    Raises:
        WrongState: it is neither, or is being forgotten.
    """
    _required(status, JobState.FAILED, JobState.CANCELLED)
    if status.is_retired:
        raise WrongState("the note is being removed")
    status = replace(_queued(status), failures=0, is_suspect=False, is_resent=True)
    return replace(status, error=None, ended_at=None, notice_at=None)


def retired(status: JobStatus) -> JobStatus:
    """A job is about to be forgotten: no take of it may land from now on.

    Raises:
        WrongState: it has not ended.
    """
    check_ended(status)
    return replace(status, is_retired=True)


def check_ended(status: JobStatus) -> None:
    """Pass a job that may be forgotten.

    Raises:
        WrongState: it has not ended.
    """
    _required(status, *(state for state in JobState if state.is_end))


def notice_taken(status: JobStatus, until: float) -> JobStatus:
    """A webhook that is due is about to be called, by one who has until then to say how it went."""
    return replace(status, notices=status.notices + 1, notice_at=until)


def noticed(status: JobStatus, next_at: float | None) -> JobStatus:
    """A webhook was called, and is due again at `next_at`, if it is."""
    # Of a job that was sent again meanwhile, it was told of an earlier end.
    is_of_this_end = status.state.is_end and status.notices > 0
    return replace(status, notice_at=next_at) if is_of_this_end else status


def _required(status: JobStatus, *states: JobState) -> JobStatus:
    if status.state not in states:
        raise WrongState(f"the note is {status.state.value}")
    return status


def _queued(status: JobStatus) -> JobStatus:
    return replace(
        status, state=JobState.QUEUED, is_alone=False, spoken_chars=0, made_s=0.0, begun_at=None
    )


def _ended(status: JobStatus, state: JobState, now: float) -> JobStatus:
    status = replace(status, state=state, is_alone=False, is_cancelling=False)
    return replace(status, ended_at=now, notices=0, notice_at=now)
