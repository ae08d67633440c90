"""When a listener runs dry: the arithmetic of playback, in virtual time."""


class Playback:
    """Estimates when one listener has played all there is.

    From its own reports where it sends them, else from the wall clock since the first sample. A
    listener that ran dry goes on from where it stopped once there is audio again.
    """

    __slots__ = ("_nothing_to_hear", "_produced", "_rate_hz", "dry_s", "is_heard")

    def __init__(self, rate_hz: float) -> None:
        """Play `rate_hz` samples a second."""
        self._rate_hz = rate_hz
        self._produced = 0
        self._nothing_to_hear = True
        #: The moment at which the listener runs dry, or did: of two that are dry, the one that has
        #: waited for longer is the more urgent.
        self.dry_s = float("-inf")
        #: The listener has said that it plays.
        self.is_heard = False

    def want(self, now_s: float) -> None:
        """Record that there is something to hear from `now_s` on: nobody has waited for longer."""
        if now_s > self.dry_s:
            self.dry_s = now_s
            self._nothing_to_hear = True

    def produce(self, now_s: float, num_samples: int) -> bool:
        """Record that `num_samples` more exist since `now_s`. None at all are a turn taken too.

        Return whether the listener ran dry before them, though there was something to hear.
        """
        underran = now_s > self.dry_s and not self._nothing_to_hear
        self.dry_s = max(self.dry_s, now_s) + num_samples / self._rate_hz
        self._produced += num_samples
        self._nothing_to_hear = self._nothing_to_hear and not num_samples
        return underran and num_samples > 0

    def report(self, now_s: float, played: int) -> None:
        """Take the listener's word that it has played `played` samples."""
        self.is_heard = self.is_heard or played > 0
        left = self._produced - played
        # One that says again that it is dry has not become so just now.
        if left > 0 or self.dry_s > now_s:
            self.dry_s = now_s + max(left, 0) / self._rate_hz

    def lead_s(self, now_s: float) -> float:
        """Return the seconds of audio that the listener holds and has not played."""
        return max(self.dry_s - now_s, 0.0)
