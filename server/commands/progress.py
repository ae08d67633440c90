"""How the command line shows that it is at work."""

import sys
import time


class Progress:
    """Seconds made and how fast, on a terminal only."""

    def __init__(self) -> None:
        self._audio_s = 0.0
        self._started_s = time.monotonic()
        self._shown = sys.stderr.isatty()

    def advance(self, audio_s: float) -> None:
        """Count seconds of speech and show them."""
        self._audio_s += audio_s
        if self._shown:
            print(f"\r{self._status()}", end="", file=sys.stderr, flush=True)

    def finish(self) -> None:
        """Leave the total on a line of its own."""
        if self._shown:
            print(f"\r{self._status()}", file=sys.stderr)

    def _status(self) -> str:
        elapsed_s = max(time.monotonic() - self._started_s, 1e-6)
        return f"{self._audio_s:6.2f} s of speech, {self._audio_s / elapsed_s:.0f}x real time"
