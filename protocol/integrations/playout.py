"""How far a listener is in several speeches that play one after another; the clock passed in."""

from collections import Counter, deque

#: Far longer than audio is on its way to a transport: one that was given nothing for so long, and
#: does not speak, has played all, even if it began or stopped a moment before that was told.
SETTLED_S = 0.5


class Playout:
    """The audio that a transport was given and has not played yet, modelled by time.

    Audio plays in the order it was pushed, at its own pace, while the transport speaks. One that
    never says whether it does is believed to. All counts are samples.
    """

    def __init__(self, sample_rate_hz: int) -> None:
        self._sample_rate_hz = sample_rate_hz
        self._waiting: deque[tuple[str, int]] = deque()
        self._pushed: Counter[str] = Counter()
        self._played: Counter[str] = Counter()
        self._is_paused = False
        self._clock_s = 0.0
        self._news_s = 0.0

    def push(self, speech: str, samples: int, now_s: float) -> None:
        """Note that the transport was given `samples` more of `speech`."""
        self._advance(now_s)
        self._waiting.append((speech, samples))
        self._pushed[speech] += samples
        self._news_s = now_s

    def started(self, now_s: float) -> None:
        """Note that the transport begins to play."""
        self._advance(now_s)
        self._is_paused = False

    def stopped(self, now_s: float) -> None:
        """Note that the transport plays nothing more until it is `started`."""
        self._advance(now_s)
        self._is_paused = True
        self._news_s = now_s

    def played(self, speech: str, now_s: float) -> int:
        """Return how much of `speech` was played by now."""
        self._advance(now_s)
        return self._played[speech]

    def delay_s(self, speech: str, at: int, now_s: float) -> float:
        """Return in how many seconds sample `at` plays of the speech that is being pushed."""
        self._advance(now_s)
        ahead = sum(samples for _, samples in self._waiting)
        return (ahead + at - self._pushed[speech]) / self._sample_rate_hz

    def forget(self, speech: str) -> None:
        """Take out a speech: it was played, or the transport has thrown it away."""
        self._waiting = deque(entry for entry in self._waiting if entry[0] != speech)
        del self._pushed[speech], self._played[speech]

    def _advance(self, now_s: float) -> None:
        budget = self._budget(now_s)
        while self._waiting and budget > 0:
            speech, samples = self._waiting.popleft()
            taken = min(samples, budget)
            self._played[speech] += taken
            budget -= taken
            if taken < samples:
                self._waiting.appendleft((speech, samples - taken))
        # Silence passes; of a sample's duration that has begun, the rest counts later.
        if not self._waiting or self._is_paused:
            self._clock_s = now_s
        else:
            elapsed = int((now_s - self._clock_s) * self._sample_rate_hz)
            self._clock_s += elapsed / self._sample_rate_hz

    def _budget(self, now_s: float) -> int:
        """Return how many samples the transport may have played since it was last asked."""
        if not self._is_paused:
            return int((now_s - self._clock_s) * self._sample_rate_hz)
        is_settled = now_s - self._news_s >= SETTLED_S
        return sum(samples for _, samples in self._waiting) if is_settled else 0
