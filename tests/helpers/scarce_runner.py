"""A runner whose memory runs out, as a model with a paged KV cache does."""

from collections import defaultdict
from dataclasses import replace

from engine.runner import ModelInfo, Runner
from engine.steps import Row, StepPlan, StepResult

#: Frames that a page holds.
PAGE_FRAMES = 4


class ScarceRunner:
    """Another runner, whose sequences hold a page for every `PAGE_FRAMES` frames they made.

    Whoever was evicted wants all its pages again before it goes on.
    """

    def __init__(self, runner: Runner, num_pages: int) -> None:
        self.num_pages = num_pages
        self._runner = runner
        self._owners: dict[int, int] = {}
        self._num_frames: dict[int, int] = defaultdict(int)
        #: Sequence → the pages that it holds.
        self.pages: dict[int, int] = {}

    @property
    def info(self) -> ModelInfo:
        return self._runner.info

    def run(self, plan: StepPlan) -> StepResult:
        for sequence_id in (*plan.released, *plan.evicted):
            self.pages.pop(sequence_id, None)
        self._owners |= {a.slot: a.sequence_id for a in plan.admissions}
        fed = tuple(row for row in plan.rows if self._finds_pages(row))
        result = self._runner.run(plan if fed == plan.rows else replace(plan, rows=fed))
        for row in result.rows:
            num_frames = -(-len(row.pcm) // self.info.frame_samples)
            self._num_frames[self._owners[row.slot]] += num_frames
        starved = tuple(row.slot for row in plan.rows if row not in fed)
        return replace(result, starved=starved, holding=tuple(self.pages) if starved else ())

    def close(self) -> None:
        self._runner.close()

    def _finds_pages(self, row: Row) -> bool:
        owner = self._owners[row.slot]
        wanted = -(-(self._num_frames[owner] + row.num_frames) // PAGE_FRAMES)
        others = sum(pages for holder, pages in self.pages.items() if holder != owner)
        if others + wanted > self.num_pages:
            return False
        self.pages[owner] = wanted
        return True
