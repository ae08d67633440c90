"""Who wants to know what becomes of a job: all of them are served by one look at the queue."""

import math
from collections import Counter
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager, suppress

import anyio

from server.jobs.job import JobRecord
from server.jobs.queue import NoteQueue, QueueUnreachable, UnknownJob

#: People do not see less, and the queue does not feel it.
LOOK_S = 0.25


class Watch:
    """Looks at all watched jobs together."""

    def __init__(self, queue: NoteQueue) -> None:
        self._queue = queue
        self._watched: Counter[str] = Counter()
        self._seen: dict[str, JobRecord | None] = {}
        #: Which of the looks, of those that have begun, that was.
        self._seen_in = 0
        self._num_looks = 0
        self._wanted = anyio.Event()
        self._looked = anyio.Event()

    async def run(self) -> None:
        """Look, until cancelled."""
        while True:
            if not self._watched:
                await self._wanted.wait()
            await self._look()
            await anyio.sleep(LOOK_S)

    async def changes(
        self, job_id: str, repeat_s: float = math.inf
    ) -> AsyncGenerator[JobRecord, None]:
        """Yield the record of a job, and again whenever it has changed, until the job has ended.

        Where nothing changes it is yielded every `repeat_s` seconds all the same.

        Raises:
            UnknownJob: see there.
            QueueUnreachable: see there.
        """
        with self._watching(job_id):
            (found,) = await self._queue.find_all([job_id])
            if found is None:
                raise UnknownJob
            # A look that had begun by now may have seen less.
            record, num_looks = found, self._num_looks
            yield record
            told_at = anyio.current_time()
            while not record.status.state.is_end:
                await self._looked.wait()
                seen = self._seen.get(job_id, record) if self._seen_in > num_looks else record
                if seen is None:
                    raise UnknownJob
                if seen.status != record.status or anyio.current_time() - told_at >= repeat_s:
                    record, told_at = seen, anyio.current_time()
                    yield record

    @contextmanager
    def _watching(self, job_id: str) -> Iterator[None]:
        self._watched[job_id] += 1
        self._wanted.set()
        self._wanted = anyio.Event()
        try:
            yield
        finally:
            self._watched[job_id] -= 1
            self._watched += Counter()  # without those that nobody watches

    async def _look(self) -> None:
        self._num_looks += 1
        job_ids = list(self._watched)
        # Where it cannot be reached, nothing has changed as far as anybody knows.
        with suppress(QueueUnreachable):
            found = await self._queue.find_all(job_ids)
            self._seen = dict(zip(job_ids, found, strict=True))
            self._seen_in = self._num_looks
        self._looked.set()
        self._looked = anyio.Event()
