"""How long nothing has come on a connection."""


class Silence:
    """Begins with the first look at it, so that no message has to look at the clock."""

    def __init__(self) -> None:
        self._from_s: float | None = None

    def end(self) -> None:
        """Begin anew with the next look."""
        self._from_s = None

    def lasts_s(self, now_s: float) -> float:
        """Return how long it has lasted."""
        if self._from_s is None:
            self._from_s = now_s
        return now_s - self._from_s
