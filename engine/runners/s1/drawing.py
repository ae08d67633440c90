"""One forward for the rows of a step: prompts in pieces, a frame for each of the others."""

from collections.abc import Sequence

from torch import Tensor

from engine.runners.s1.errors import OutOfBlocks
from engine.runners.s1.generation import NOT_DRAWN, FrameGenerator
from engine.runners.s1.job import Job
from engine.runners.s1.lanes import Lanes
from engine.runners.s1.prompt import Columns

#: Columns of prompts read in one forward. A reference of ten seconds is read in four; on a CPU each
#: takes about as long as two frames, so that rows that speak wait no longer than that for it.
PREFILL_TOKENS = 64


class Drawing:
    """Draws a frame for each job that has read its prompt, and has the others read on."""

    def __init__(self, generator: FrameGenerator, lanes: Lanes, im_end_id: int) -> None:
        """Take the sequences of `generator`, which sit in `lanes`."""
        self._generator = generator
        self._lanes = lanes
        self._im_end_id = im_end_id

    def draw(self, jobs: Sequence[Job]) -> None:
        """Do one forward for `jobs`, in the order of urgency.

        Where the KV cache is full, other sequences lose their places in it, the newest first, and
        then the newest of the jobs are shed: so the oldest always goes on.
        """
        reading = list(jobs)
        while reading:
            try:
                drawn, columns = self._generator.step(self._budgets(reading))
            except OutOfBlocks:
                if not self._lanes.evict({job.sequence.id for job in reading}):
                    self._shed(reading)
                continue
            self._accept(reading, drawn, columns)
            return

    def _budgets(self, jobs: Sequence[Job]) -> dict[int, int]:
        """Return how many columns each lane reads."""
        left = PREFILL_TOKENS
        budgets = {}
        for job in jobs:
            lane = _lane(job)
            num_unread = self._generator.num_unread(lane)
            budget = 1 if num_unread == 1 else min(num_unread, left)
            if budget:
                budgets[lane] = budget
            if num_unread > 1:
                left -= budget
        return budgets

    def _shed(self, jobs: list[Job]) -> None:
        newest = max(jobs, key=lambda job: job.sequence.id)
        jobs.remove(newest)
        if not jobs:
            newest.error = "the KV cache does not hold this sequence"
            return
        newest.is_shed = True
        self._lanes.give_up_blocks(newest.sequence)

    def _accept(self, jobs: Sequence[Job], drawn: list[int], columns: Tensor) -> None:
        by_lane = {_lane(job): job for job in jobs}
        for lane, column in zip(drawn, columns.cpu().numpy(), strict=True):
            self._take(by_lane[lane], column)

    def _take(self, job: Job, column: Columns) -> None:
        job.sequence.num_drawn += 1
        token = int(column[0])
        if token == NOT_DRAWN:
            job.error = "the model's numbers are not finite"
        elif token == self._im_end_id:
            job.end()
        else:
            job.add(column)


def _lane(job: Job) -> int:
    lane = job.sequence.lane
    assert lane is not None  # noqa: S101 jobs are seated, and those shed are not drawn for
    return lane
