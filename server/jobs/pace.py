"""How fast the queue empties: what it tells those who have to wait, and the metrics."""

import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress

import anyio

from server.jobs.queue import NoteQueue, QueueStats, QueueUnreachable
from server.metrics import Metrics

#: Gauges are read every 15 s or so.
LOOK_S = 2.0
#: Long enough for a rate of notes that take minutes, short enough to follow a worker that died.
WINDOW_S = 300.0
MIN_RETRY_S = 1.0
#: Where nothing moves, somebody has to see to it first.
MAX_RETRY_S = 3_600.0
#: Of a process that has just begun, and whose first notes may take minutes.
UNKNOWN_RETRY_S = 30.0


class Pace:
    """Looks at a queue now and then."""

    def __init__(
        self, queue: NoteQueue, metrics: Metrics, clock: Callable[[], float] = time.time
    ) -> None:
        """Look at `queue`; `clock` is that of its jobs, and may be set back."""
        self._queue = queue
        self._metrics = metrics
        self._clock = clock
        self._drained: deque[tuple[float, float]] = deque(maxlen=round(WINDOW_S / LOOK_S))

    async def run(self) -> None:
        """Look, until cancelled."""
        while True:
            with suppress(QueueUnreachable):
                self._take(await self._queue.stats())
            await anyio.sleep(LOOK_S)

    def time_for(self, audio_s: float) -> float:
        """Return in how many seconds so much audio should have left the queue."""
        if not self._drained:
            return UNKNOWN_RETRY_S
        (since, before_s), (now, after_s) = self._drained[0], self._drained[-1]
        if after_s <= before_s:
            is_known = len(self._drained) == self._drained.maxlen
            return MAX_RETRY_S if is_known else UNKNOWN_RETRY_S
        wait_s = audio_s * (now - since) / (after_s - before_s)
        return min(max(wait_s, MIN_RETRY_S), MAX_RETRY_S)

    def _take(self, stats: QueueStats) -> None:
        self._drained.append((anyio.current_time(), stats.drained_s))
        for priority, depth in stats.queued.items():
            self._metrics.queue_depth.labels(priority=priority.value).set(depth)
        self._metrics.queue_running.set(stats.running)
        self._metrics.queue_audio.set(stats.audio_s)
        age_s = 0.0 if stats.oldest_at is None else self._clock() - stats.oldest_at
        self._metrics.queue_oldest.set(max(age_s, 0.0))
        self._metrics.jobs_dead.set(stats.failed)
