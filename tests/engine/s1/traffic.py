"""`python -m tests.engine.s1.traffic 600 700 700 700`: what each so many requests leave of memory.

A process of its own: what other tests have left in an allocator is none of this.
"""

import gc
import json
import random
import sys
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from engine.request import ServiceClass
from engine.scheduling.limits import SchedulerLimits
from tests.engine.s1.speaker import make_runner, tiny_speaker
from tests.helpers.virtual_engine import VirtualEngine

TEXTS = ("One.", "Say it again.", "So we went home.")
#: Of those that are open together: more than there are lanes, slots, and room in the KV cache.
MOST_OPEN = 10
NUM_LANES = 3


class Traffic:
    """Requests that come, go on and are cancelled at random."""

    def __init__(self) -> None:
        self.rng = random.Random(0)
        self.runner = make_runner(tiny_speaker(end_scale=3.0), num_lanes=NUM_LANES, num_cached=192)
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

    def left_behind(self) -> list[str]:
        """Name what still holds something of a request."""
        lanes, scheduler = self.runner._lanes, self.engine.scheduler
        pool = lanes._generator.pool
        held = {
            "blocks": pool.num_blocks - pool.num_free,
            "generator": lanes._generator._contexts,
            "lanes": NUM_LANES - len(lanes._free),
            "runner": self.runner._sequences or self.runner._slots,
            "scheduler": scheduler.num_sequences or scheduler.slot_owners,
            "memory": scheduler._memory._holders or scheduler._memory._waiting,
        }
        return [name for name, what in held.items() if what]


def resident_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4_096 / 2**20


def main(numbers: Sequence[int]) -> None:
    traffic = Traffic()
    resident = []
    for num_requests in numbers:
        traffic.serve(num_requests)
        gc.collect()
        resident.append(resident_mib())
    told = {
        "grown_mib": [later - earlier for earlier, later in pairwise(resident)],
        "num_cancelled": traffic.num_cancelled,
        "num_evicted": traffic.num_evicted,
        "left_behind": traffic.left_behind(),
    }
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main([int(argument) for argument in sys.argv[1:]])
