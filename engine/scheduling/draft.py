"""A plan in the making."""

from engine.scheduling.chunks import ChunkCost
from engine.scheduling.parking import Parking
from engine.scheduling.sequence import Sequence
from engine.steps import Admission, Prefill, Row, StepPlan


class Draft:
    """Whose rows a step is to have so far, and what must come before them."""

    def __init__(self, chunk_cost: ChunkCost) -> None:
        """Begin with no rows. `chunk_cost` is that of a step with all that are open."""
        self.chunk_cost = chunk_cost
        self.parked: list[int] = []
        self.admissions: list[Admission] = []
        self.prefills: list[Prefill] = []
        self.rows: list[Row] = []
        self.planned: list[Sequence] = []
        self.chosen: set[int] = set()
        #: Only in a step that runs out of slots.
        self.parking: Parking | None = None

    def plan(
        self, released: tuple[int, ...], evicted: tuple[int, ...], time_budget_s: float
    ) -> StepPlan:
        """Return the plan, with those that are over and those that give up their memory."""
        return StepPlan(
            released=released,
            evicted=evicted,
            parked=tuple(self.parked),
            admissions=tuple(self.admissions),
            prefills=tuple(self.prefills),
            rows=tuple(self.rows),
            time_budget_s=time_budget_s,
        )
