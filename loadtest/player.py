"""A listener's player: it plays at the pace of the audio and stops where nothing is left."""

from dataclasses import dataclass

#: Audio kept ahead of the listener, as our own client does.
WINDOW_S = 2.0
#: How often a listener says how far it is, and grants what keeps the window.
GRANT_PERIOD_S = 0.25


@dataclass(frozen=True, slots=True)
class Stall:
    """A silence in the middle: the player ran dry at `dry_s` and waited for `duration_s`."""

    dry_s: float
    duration_s: float


class Player:
    """Plays as soon as `prebuffer_s` seconds are there, and after a stall at once.

    Arithmetic only: the clock is passed in, and counts are samples. Whether it ran dry is told in
    whole samples, the nearest: of the seconds of a clock, rounding would make audio late that comes
    on the very sample.
    """

    def __init__(self, sample_rate_hz: int, prebuffer_s: float = 0.0) -> None:
        self._sample_rate_hz = sample_rate_hz
        self._prebuffer = round(prebuffer_s * sample_rate_hz)
        self._delivered = 0
        self._anchor = 0
        self._anchor_s: float | None = None

    @property
    def dry_s(self) -> float:
        """When it has played all that was delivered: infinity before it plays."""
        if self._anchor_s is None:
            return float("inf")
        return self._anchor_s + (self._delivered - self._anchor) / self._sample_rate_hz

    def deliver(self, num_samples: int, now_s: float) -> Stall | None:
        """Take samples; return the stall that they end, if any."""
        stall = None
        if self._missed(now_s):
            stall = Stall(self.dry_s, now_s - self.dry_s)
            self._anchor, self._anchor_s = self._delivered, now_s
        self._delivered += num_samples
        if self._anchor_s is None and self._delivered >= self._prebuffer:
            self._anchor_s = now_s
        return stall

    def _missed(self, now_s: float) -> bool:
        """Tell whether a sample was due by now that was not there."""
        if self._anchor_s is None:
            return False
        elapsed = round((now_s - self._anchor_s) * self._sample_rate_hz)
        return elapsed > self._delivered - self._anchor

    def played(self, now_s: float) -> int:
        """Return the samples played by now."""
        if self._anchor_s is None:
            return 0
        elapsed = int((now_s - self._anchor_s) * self._sample_rate_hz)
        return min(self._delivered, self._anchor + elapsed)
