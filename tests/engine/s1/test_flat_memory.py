"""Two thousand requests leave nothing behind."""

import gc
import random
from pathlib import Path

import pytest

from engine.request import ServiceClass
from engine.scheduling.limits import SchedulerLimits
from tests.engine.s1.speaker import make_runner, tiny_speaker
from tests.helpers.virtual_engine import VirtualEngine

NUM_REQUESTS = 2_000
#: Of those, the ones after which oneDNN has met most shapes: it keeps the kernel of each.
NUM_FIRST = 600
#: What an allocator takes at a time, and what it loses to holes; a leak of one sequence's tensors
#: alone, a thousand times over, would be tens of MiB.
FLAT_MIB = 4.0
TEXTS = ("One.", "Say it again.", "So we went home.")
#: Of those that are open together: more than there are lanes, slots, and room in the KV cache.
MOST_OPEN = 10


class Traffic:
    """Requests that come, go on and are cancelled at random."""

    def __init__(self) -> None:
        self.rng = random.Random(0)
        self.runner = make_runner(tiny_speaker(end_scale=3.0), num_lanes=3, num_cached=192)
        self.engine = VirtualEngine(SchedulerLimits(num_slots=6, note_floor=2), runner=self.runner)
        self.num_opened = 0
        self.num_cancelled = 0
        self.num_evicted = 0

    def serve(self, num_requests: int) -> None:
        """Open so many more, and step until all are over."""
        last = self.num_opened + num_requests
        open_ids: set[int] = set()
        while self.num_opened < last or open_ids:
            if self.num_opened < last and len(open_ids) < MOST_OPEN:
                open_ids.add(self._open())
            if open_ids and self.rng.random() < 0.2:
                self._cancel(open_ids)
            self.num_evicted += len(self.engine.step().evicted)
            open_ids = {i for i in open_ids if not self.engine.ends(i)}
            # The test's own record is no part of what is measured.
            for sequence_id in list(self.engine.by_sequence):
                if sequence_id not in open_ids:
                    del self.engine.by_sequence[sequence_id]
            self.engine.outputs.clear()
        self.engine.settle()

    def _open(self) -> int:
        self.num_opened += 1
        service_class = self.rng.choice(list(ServiceClass))
        self.engine.open(self.num_opened, self.rng.choice(TEXTS), service_class=service_class)
        return self.num_opened

    def _cancel(self, open_ids: set[int]) -> None:
        sequence_id = self.rng.choice(sorted(open_ids))
        self.engine.cancel(sequence_id)
        open_ids.discard(sequence_id)
        self.num_cancelled += 1


def resident_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4_096 / 2**20


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_memory_is_flat_after_two_thousand_requests_with_random_joins_and_cancels() -> None:
    traffic = Traffic()
    traffic.serve(NUM_FIRST)
    gc.collect()
    before_mib = resident_mib()
    traffic.serve(NUM_REQUESTS - NUM_FIRST)
    gc.collect()
    assert resident_mib() - before_mib < FLAT_MIB
    assert traffic.num_cancelled > NUM_REQUESTS / 10
    assert traffic.num_evicted
    pool = traffic.runner._lanes._generator.pool
    assert pool.num_free == pool.num_blocks
    assert traffic.runner._lanes._generator._sequences == {}
    assert traffic.runner._sequences == {}
    assert traffic.runner._slots == {}
    assert len(traffic.runner._lanes._free) == 3
    assert traffic.engine.scheduler.num_sequences == 0
    assert traffic.engine.scheduler.slot_owners == {}
    assert not traffic.engine.scheduler._memory._holders
    assert not traffic.engine.scheduler._memory._waiting
