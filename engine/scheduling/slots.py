"""Who owns which row of the batch."""


class SlotPool:
    """The slots `0..num_slots-1`; the lowest free one is given first, so batches stay dense."""

    def __init__(self, num_slots: int) -> None:
        self._free = list(range(num_slots - 1, -1, -1))
        self._owners: dict[int, int] = {}

    @property
    def num_free(self) -> int:
        """Count the free slots."""
        return len(self._free)

    def take(self, sequence_id: int) -> int:
        """Give the lowest free slot to the sequence. There must be one."""
        slot = self._free.pop()
        self._owners[slot] = sequence_id
        return slot

    def free(self, slot: int) -> None:
        """Take the slot back from its owner."""
        del self._owners[slot]
        self._free.append(slot)
        self._free.sort(reverse=True)

    def owner(self, slot: int) -> int | None:
        """Return the sequence that holds the slot."""
        return self._owners.get(slot)

    @property
    def owners(self) -> dict[int, int]:
        """Return a copy of slot → sequence."""
        return dict(self._owners)
