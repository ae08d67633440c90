"""How late and how busy the event loop is: what every socket of the process waits for."""

import time

import anyio

from server.metrics import Metrics

#: Often enough to catch a stall that a listener could hear, seldom enough to cost nothing.
PERIOD_S = 0.05
#: How much one period moves the average: a second counts, a hiccup does not.
_WEIGHT = 0.05
#: The part of one core that the loop may use. Beyond, what waits in its queue grows fast.
MAX_BUSY = 0.8
#: With fewer calls than this, what one call costs the loop is lost in what it does besides.
_MIN_CALLS = 50


class LoopLoad:
    """Measures the loop it runs on, and predicts how busy more calls would make it."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._busy = 0.0

    async def measure(self) -> None:
        """Observe for ever: by how much each appointment is missed, and the thread's CPU time."""
        wall_s, cpu_s = time.perf_counter(), time.thread_time()
        while True:
            await anyio.sleep(PERIOD_S)
            elapsed_s, used_s = time.perf_counter() - wall_s, time.thread_time() - cpu_s
            wall_s, cpu_s = wall_s + elapsed_s, cpu_s + used_s
            self._metrics.loop_lag.observe(max(elapsed_s - PERIOD_S, 0.0))
            self._busy += _WEIGHT * (used_s / elapsed_s - self._busy)
            self._metrics.loop_busy.set(self._busy)

    def keeps(self, num_calls: int) -> bool:
        """Tell whether the loop could serve one call more, `num_calls` in all, at today's cost."""
        now = num_calls - 1
        return now < _MIN_CALLS or self._busy * num_calls / now <= MAX_BUSY
