"""One forward for the rows of a step: prompts in pieces, a frame for each of the others."""

from collections.abc import Sequence

from torch import Tensor

from engine.errors import OutOfMemory
from engine.runners.s1.errors import OutOfBlocks
from engine.runners.s1.forward import NOT_DRAWN
from engine.runners.s1.generation import FrameGenerator
from engine.runners.s1.job import Job
from engine.runners.s1.prompt import Columns
from engine.runners.s1.width import NO_MEMORY, Width

#: Columns of prompts read in one forward, by the kind of device. On a CPU 64 take about as long as
#: two frames, so that rows that speak wait no longer than that; a reference of ten seconds is read
#: in four. A GPU takes longer to be told what to do than to do it: with 512 that reference is read
#: at once, and what a crowd that begins together has told it stays within half a frame of sound.
PREFILL_TOKENS = {"cpu": 64, "cuda": 512}


class Drawing:
    """Draws a frame for each job that has read its prompt, and has the others read on."""

    def __init__(
        self, generator: FrameGenerator, im_end_id: int, width: Width, prefill_tokens: int
    ) -> None:
        """Take what draws, the token that ends a segment, and what one forward draws and reads.

        Args:
            generator: draws.
            im_end_id: the token that ends a segment.
            width: how many rows draw together.
            prefill_tokens: columns of prompts that are read beside.
        """
        self._generator = generator
        self._im_end_id = im_end_id
        self._width = width
        self._prefill_tokens = prefill_tokens

    def draw(self, jobs: Sequence[Job]) -> None:
        """Do one forward for `jobs`, in the order of urgency.

        Those for which the KV cache has no room are starved. Where the device has no memory for all
        of them, the others have their turn later, and a single one in another step.
        """
        while lengths := self._lengths(jobs[: self._width.num_rows]):
            reading = [job for job in jobs if job.lane in lengths]
            try:
                drawn, columns = self._generator.step(lengths)
            except OutOfMemory:
                self._narrow(reading)
                continue
            self._width.widen()
            self._accept(reading, drawn, columns)
            return

    def _narrow(self, jobs: Sequence[Job]) -> None:
        self._width.narrow(len(jobs))
        if len(jobs) == 1:
            jobs[0].leave_out()
            if self._width.is_hopeless:
                jobs[0].error = NO_MEMORY

    def _lengths(self, jobs: Sequence[Job]) -> dict[int, int]:
        """Return how many columns each lane reads, of the jobs that find room for them."""
        left = self._prefill_tokens
        lengths = {}
        for job in jobs:
            num_unread = self._generator.num_unread(job.lane)
            budget = 1 if num_unread == 1 else min(num_unread, left)
            if not budget or job.is_left_out:
                continue
            try:
                lengths[job.lane] = self._generator.reserve(job.lane, budget)
            except OutOfBlocks:
                job.leave_out(is_starved=True)
                continue
            if num_unread > 1:
                left -= lengths[job.lane]
        return lengths

    def _accept(self, jobs: Sequence[Job], drawn: list[int], columns: Tensor) -> None:
        by_lane = {job.lane: job for job in jobs}
        frames = columns.cpu().numpy()
        # A look at single numbers of an array takes longer than all that is done with them.
        for lane, column, (token, code) in zip(drawn, frames, frames[:, :2].tolist(), strict=True):
            self._take(by_lane[lane], column, token, code)

    def _take(self, job: Job, column: Columns, token: int, code: int) -> None:
        job.sequence.num_drawn += 1
        if token == NOT_DRAWN:
            job.error = "the model's numbers are not finite"
        elif token == self._im_end_id:
            job.end()
        else:
            job.add(column, code)
