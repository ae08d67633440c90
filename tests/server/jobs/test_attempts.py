"""What may become of a job, whatever happens to it in whichever order."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.jobs import attempts
from server.jobs.attempts import CRASHED, MAX_FAILURES
from server.jobs.job import JobError, JobRecord, JobState, JobStatus, LandedAudio
from tests.server.jobs.contract.place import job

NOW = 5.0
BROKEN = JobError(code="broken", message="it did not work")
AUDIO = LandedAudio(take=1, num_bytes=1)

#: What may happen, by the states in which it may.
EVENTS: dict[JobState, tuple[Callable[[JobStatus], JobStatus], ...]] = {
    JobState.QUEUED: (
        lambda status: attempts.begun(status, now=NOW, is_alone=True),
        lambda status: attempts.begun(status, now=NOW, is_alone=False),
        lambda status: attempts.expired(status, now=NOW),
        lambda status: attempts.cancelled(status, now=NOW),
    ),
    JobState.RUNNING: (
        lambda status: attempts.abandoned(status, now=NOW),
        lambda status: attempts.released(status, now=NOW),
        lambda status: attempts.released(status, now=NOW, error=BROKEN),
        lambda status: attempts.failed(status, BROKEN, now=NOW),
        lambda status: attempts.failed(status, BROKEN, now=NOW, may_retry=False),
        lambda status: attempts.stored(status, AUDIO, now=NOW),
        lambda status: attempts.cancelled(status, now=NOW),
    ),
    JobState.STORED: (),
    JobState.FAILED: (attempts.retried,),
    JobState.CANCELLED: (attempts.retried,),
}


def running(*, is_alone: bool = False, failures: int = 0, is_cancelling: bool = False) -> JobStatus:
    status = JobStatus(failures=failures, is_cancelling=is_cancelling)
    return attempts.begun(status, now=NOW, is_alone=is_alone)


def check(status: JobStatus) -> None:
    assert (status.ended_at is not None) == status.state.is_end
    assert (status.begun_at is not None) or status.state is not JobState.RUNNING
    assert status.failures <= MAX_FAILURES
    assert status.failures <= status.attempts
    # What has failed that often has ended.
    assert status.failures < MAX_FAILURES or status.state is JobState.FAILED
    assert (status.audio is not None) == (status.state is JobState.STORED)
    assert not status.is_alone or status.state is JobState.RUNNING
    assert not status.is_cancelling or status.state is JobState.RUNNING
    assert status.state is not JobState.FAILED or status.error is not None


@given(st.data())
def test_no_order_of_events_leaves_a_job_in_between(data: st.DataObject) -> None:
    status = JobStatus()
    for _ in range(20):
        events = EVENTS[status.state]
        if not events:
            break
        before, status = status, data.draw(st.sampled_from(events))(status)
        check(status)
        # No two takes have the same number.
        has_begun = (before.state, status.state) == (JobState.QUEUED, JobState.RUNNING)
        assert status.attempts == before.attempts + has_begun


@pytest.mark.parametrize("is_alone", [True, False])
@pytest.mark.parametrize("failures", range(MAX_FAILURES))
def test_a_crash_is_charged_only_to_what_ran_alone(is_alone: bool, failures: int) -> None:
    status = attempts.abandoned(running(is_alone=is_alone, failures=failures), now=NOW)
    assert status.failures == failures + is_alone
    assert status.is_suspect == (not is_alone)
    assert (status.error == CRASHED) == is_alone
    assert (status.state is JobState.FAILED) == (is_alone and failures == MAX_FAILURES - 1)


def test_the_first_death_makes_a_suspect_and_the_third_after_it_is_the_last() -> None:
    status, num_deaths = JobStatus(), 0
    while status.state is JobState.QUEUED:
        take = attempts.begun(status, now=NOW, is_alone=status.is_suspect)
        status, num_deaths = attempts.abandoned(take, now=NOW), num_deaths + 1
    assert (status.state, status.error, num_deaths) == (JobState.FAILED, CRASHED, 4)


def test_the_last_failure_ends_a_job_and_one_that_stays_does_at_once() -> None:
    for failures in range(MAX_FAILURES - 1):
        assert attempts.failed(running(failures=failures), BROKEN, now=NOW).state is JobState.QUEUED
    last = attempts.failed(running(failures=MAX_FAILURES - 1), BROKEN, now=NOW)
    assert (last.state, last.error) == (JobState.FAILED, BROKEN)
    once = attempts.failed(running(), BROKEN, now=NOW, may_retry=False)
    assert (once.state, once.failures) == (JobState.FAILED, 1)


@pytest.mark.parametrize(
    "event",
    [
        lambda status: attempts.abandoned(status, now=NOW),
        lambda status: attempts.released(status, now=NOW),
        lambda status: attempts.failed(status, BROKEN, now=NOW),
        lambda status: attempts.failed(status, BROKEN, now=NOW, may_retry=False),
    ],
)
def test_what_is_being_cancelled_is_never_queued_again(
    event: Callable[[JobStatus], JobStatus],
) -> None:
    status = event(running(is_alone=True, is_cancelling=True))
    assert status.state is JobState.CANCELLED
    assert status.failures == 0


def test_what_has_landed_has_though_somebody_cancelled_it_meanwhile() -> None:
    status = attempts.stored(running(is_cancelling=True), AUDIO, now=NOW)
    assert (status.state, status.audio) == (JobState.STORED, AUDIO)


def test_a_job_that_is_sent_again_has_all_its_tries_and_goes_on_counting_takes() -> None:
    ended = attempts.failed(running(failures=MAX_FAILURES - 1), BROKEN, now=NOW)
    again = attempts.retried(ended)
    assert (again.state, again.failures, again.error) == (JobState.QUEUED, 0, None)
    assert again.attempts == ended.attempts


def test_a_job_is_late_that_was_neither_begun_nor_sent_again_in_time() -> None:
    note = job("a", expires_in_s=0.0)

    def is_late(status: JobStatus, late_by_s: float) -> bool:
        record = JobRecord(job=note, status=status)
        return attempts.is_late(record, now=note.expires_at + late_by_s)

    assert is_late(JobStatus(), 0.0)
    assert not is_late(JobStatus(), -0.001)
    assert not is_late(attempts.released(running(), now=NOW), 1e6)
    assert not is_late(attempts.retried(attempts.expired(JobStatus(), now=NOW)), 1e6)
