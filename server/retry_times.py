"""When a caller that was refused should come again: when there is a place, and not all at once."""

import time
from collections import deque
from collections.abc import Callable

#: Before any call has ended, a place may free up after about a clause.
_FIRST_INTERVAL_S = 1.0
#: Sooner than this, coming again costs more than it brings.
MIN_RETRY_S = 0.5
#: Later than this, nobody knows.
MAX_RETRY_S = 60.0
#: How much one interval between two ends moves their mean.
_WEIGHT = 0.1
#: Callers told to come within `MAX_RETRY_S`; beyond so many, all are told the latest time.
_MAX_PROMISES = 10_000


class RetryTimes:
    """Learns at what pace places become free, and hands them out to those refused, one by one."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._interval_s = _FIRST_INTERVAL_S
        self._last_end_s: float | None = None
        self._promises: deque[float] = deque(maxlen=_MAX_PROMISES)

    def place_freed(self) -> None:
        """Take note that somebody left."""
        now_s = self._clock()
        if self._last_end_s is not None:
            interval_s = now_s - self._last_end_s
            self._interval_s += _WEIGHT * (interval_s - self._interval_s)
        self._last_end_s = now_s

    def promise(self) -> float:
        """Return in how many seconds the place after those already promised should be free."""
        now_s = self._clock()
        while self._promises and self._promises[0] <= now_s:
            self._promises.popleft()
        wait_s = self._interval_s * (len(self._promises) + 1)
        retry_s = min(max(wait_s, MIN_RETRY_S), MAX_RETRY_S)
        self._promises.append(now_s + retry_s)
        return retry_s
