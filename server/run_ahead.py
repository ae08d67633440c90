"""How far the engine may run ahead of what has left, within the credit."""

#: Audio that may wait between the engine and a transport that does not take it. Credit alone would
#: not bound it: a client may grant an hour and read nothing. It covers the worst gap between two
#: steps many times over.
RUN_AHEAD_S = 4.0


class RunAhead:
    """What of the credit is passed on to the engine. Counts are samples at the stream's rate."""

    def __init__(self, granted: int, sample_rate_hz: int) -> None:
        """Begin with `granted` samples of credit and nothing sent."""
        #: What the receiver allows.
        self.granted = granted
        self._window = round(RUN_AHEAD_S * sample_rate_hz)
        #: What the engine may make.
        self.allowed = min(granted, self._window)

    def renew(self, sent: int) -> bool:
        """Allow what the window has room for once `sent` have left; return whether that is more.

        In steps of half a window, so that not every message costs the engine a command.
        """
        upto = min(self.granted, sent + self._window)
        if upto - self.allowed < self._window // 2 and upto < self.granted:
            return False
        grown = upto > self.allowed
        self.allowed = max(upto, self.allowed)
        return grown
