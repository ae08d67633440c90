"""When a listener runs dry: the arithmetic of playback, in virtual time."""


class Playback:
    """Estimates the playback position of one listener.

    From its own reports where it sends them, else from the wall clock since the first sample. A
    listener that ran dry goes on from where it stopped once there is audio again.
    """

    __slots__ = ("_anchor_at", "_anchor_s", "_produced", "_rate_hz")

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._anchor_s = 0.0
        self._anchor_at = 0.0
        self._produced = 0

    def produce(self, now_s: float, num_samples: int) -> None:
        """Record that `num_samples` more exist since `now_s`."""
        if self._played(now_s) >= self._produced:
            self._anchor_s, self._anchor_at = now_s, float(self._produced)
        self._produced += num_samples

    def report(self, now_s: float, played: int) -> None:
        """Take the listener's word that it has played `played` samples."""
        self._anchor_s, self._anchor_at = now_s, float(min(played, self._produced))

    def lead_s(self, now_s: float) -> float:
        """Return the seconds of audio that the listener holds and has not played."""
        return (self._produced - self._played(now_s)) / self._rate_hz

    def deadline_s(self, now_s: float) -> float:
        """Return the moment at which the listener runs dry: `now_s` if it already has."""
        return now_s + self.lead_s(now_s)

    def _played(self, now_s: float) -> float:
        position = self._anchor_at + (now_s - self._anchor_s) * self._rate_hz
        return min(position, float(self._produced))
