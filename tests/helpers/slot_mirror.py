"""The slots as a runner sees them: from the plans alone."""

from engine.steps import StepPlan


class SlotMirror:
    """Follows every plan and fails on the first that contradicts those before it."""

    def __init__(self, num_slots: int, max_rows: int) -> None:
        """Begin with all slots free."""
        self._num_slots = num_slots
        self._max_rows = max_rows
        self._holders: dict[int, int] = {}
        self.num_parked = 0
        self.num_evicted = 0

    @property
    def holders(self) -> dict[int, int]:
        """Slot → sequence."""
        return self._holders

    def follow(self, plan: StepPlan) -> None:
        """Take the plan's changes, in the order in which a runner does them."""
        if not plan:
            return
        held = set(self._holders.values())
        assert set(plan.parked) <= held, "parked without a slot"
        leaving = [*plan.released, *plan.evicted, *plan.parked]
        gone = set(leaving)
        assert len(gone) == len(leaving), "left twice"
        self._holders = {s: held for s, held in self._holders.items() if held not in gone}
        for admission in plan.admissions:
            assert 0 <= admission.slot < self._num_slots
            assert admission.slot not in self._holders, "slot held twice"
            assert admission.sequence_id not in self._holders.values(), "two slots for one"
            self._holders[admission.slot] = admission.sequence_id
        rows = [row.slot for row in plan.rows]
        assert len(rows) == len(set(rows)) <= self._max_rows, "two rows for one slot, or too many"
        assert {prefill.slot for prefill in plan.prefills} <= set(rows) <= set(self._holders)
        assert all(row.num_frames >= 1 for row in plan.rows)
        self.num_parked += len(plan.parked)
        self.num_evicted += len(plan.evicted)
