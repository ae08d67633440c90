"""Where the queue of a test is kept, and what its tests do again and again."""

import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress

import anyio

from server.audio.formats import AudioFormat
from server.jobs.job import Job, JobError, JobRecord, JobState, JobStatus, LandedAudio, Priority
from server.jobs.queue import Claim, Handler, NoteQueue, QueueUnreachable

#: Nothing here takes as long; a fault shows as a timeout, not as a hang.
TIMEOUT_S = 15.0
#: Seconds of audio that no test comes near.
PLENTY_S = 1e6
#: What is looked at until it changes is looked at so often.
LOOK_S = 0.01

BROKEN = JobError(code="broken", message="it did not work")


class QueuePlace:
    """Says how the queue of a test is opened, and how a process that has it open dies.

    A test opens it several times, one after the other, as processes that follow each other.
    """

    def opened(self, *, max_audio_s: float = PLENTY_S) -> AbstractAsyncContextManager[NoteQueue]:
        """Open the queue of this test; it is empty at first."""
        raise NotImplementedError

    async def kill(self, queue: NoteQueue) -> None:
        """Let nothing reach the place any more of what `queue` does: its process is dead.

        What it does from now on may raise `QueueUnreachable`. The test still cancels its `run`, and
        leaves its context; whatever it held is free for the next one within `TIMEOUT_S`.
        """
        raise NotImplementedError


def job(
    job_id: str,
    *,
    digest: str = "0" * 64,
    priority: Priority = Priority.NORMAL,
    audio_s: float = 2.5,
    expires_in_s: float = 3_600.0,
    webhook: str | None = None,
) -> Job:
    now = time.time()
    return Job(
        id=job_id,
        digest=digest,
        body=b"\x81\xa4text\xa2ho",
        format=AudioFormat.OPUS,
        priority=priority,
        num_chars=40,
        audio_s=audio_s,
        accepted_at=now,
        expires_at=now + expires_in_s,
        webhook=webhook,
    )


def jobs(names: str, priority: Priority = Priority.NORMAL) -> list[Job]:
    """Return a job for every letter."""
    return [job(name, priority=priority) for name in names]


Act = Callable[[Claim], Awaitable[None]]


class Worker:
    """A handler that does one and the same with every claim, and counts."""

    def __init__(self, act: Act) -> None:
        self._act = act
        #: Of the jobs, as they came.
        self.ids: list[str] = []
        self.num_active = 0
        self.most_active = 0

    async def __call__(self, claim: Claim) -> None:
        self.ids.append(claim.record.job.id)
        self.num_active += 1
        self.most_active = max(self.most_active, self.num_active)
        try:
            await self._act(claim)
        finally:
            self.num_active -= 1


async def store(claim: Claim) -> None:
    take = await claim.begin(is_alone=False)
    await claim.stored(LandedAudio(take=take, num_bytes=100))


async def fail(claim: Claim) -> None:
    await claim.begin(is_alone=False)
    await claim.failed(BROKEN, may_retry=True)


async def fail_for_good(claim: Claim) -> None:
    await claim.begin(is_alone=False)
    await claim.failed(BROKEN, may_retry=False)


async def hold(claim: Claim) -> None:
    await claim.begin(is_alone=False)
    await anyio.sleep_forever()


async def hold_alone(claim: Claim) -> None:
    await claim.begin(is_alone=True)
    await anyio.sleep_forever()


async def claim_only(_claim: Claim) -> None:
    await anyio.sleep_forever()


@asynccontextmanager
async def running(queue: NoteQueue, handler: Handler, slots: int = 1) -> AsyncGenerator[None, None]:
    """Run jobs inside the block. In it, nobody waits for longer than `TIMEOUT_S`."""

    async def run() -> None:
        # Of one whose process is dead.
        with suppress(QueueUnreachable):
            await queue.run(handler, slots)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(run)
        with anyio.fail_after(TIMEOUT_S):
            yield
        tasks.cancel_scope.cancel()


async def until(is_so: Callable[[], bool]) -> None:
    while not is_so():  # noqa: ASYNC110 what is looked at sets no event
        await anyio.sleep(LOOK_S)


async def status_in(queue: NoteQueue, job_id: str, *states: JobState) -> JobStatus:
    """Wait until a job is in one of these states, and return how it is then."""
    return await status_that(queue, job_id, lambda status: status.state in states)


async def status_that(
    queue: NoteQueue, job_id: str, is_so: Callable[[JobStatus], bool]
) -> JobStatus:
    """Wait until a job is as it should be, and return how it is then."""
    while not is_so(status := (await queue.find(job_id)).status):  # noqa: ASYNC110 as above
        await anyio.sleep(LOOK_S)
    return status


async def ended(queue: NoteQueue, *job_ids: str) -> list[JobStatus]:
    """Wait until jobs have ended."""
    ends = [state for state in JobState if state.is_end]
    return [await status_in(queue, job_id, *ends) for job_id in job_ids]


async def all_pages(queue: NoteQueue, limit: int, state: JobState | None = None) -> list[JobRecord]:
    found: list[JobRecord] = []
    page = await queue.page(limit=limit, state=state)
    while True:
        assert len(page.records) <= limit
        found += page.records
        if page.next_cursor is None:
            return found
        page = await queue.page(limit=limit, cursor=page.next_cursor, state=state)
