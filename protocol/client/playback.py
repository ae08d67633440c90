# ruff: noqa: TID252 - the same files are installed under another name
"""How far a listener is, and the credit that follows from it: arithmetic, the clock passed in."""

from collections.abc import Iterable

from ..fields import MAX_COUNT
from ..messages import Mark


class Playback:
    """One listener who plays at the pace of the audio, and the grants that keep a window ahead.

    All counts are samples. What was not delivered cannot have been played, so a receiver that
    takes nothing is granted nothing: what waits for it never exceeds the window.
    """

    def __init__(self, sample_rate_hz: int, window: int, *, clocked: bool = True) -> None:
        """Begin with `window` samples granted. Without a clock, delivered is played."""
        self._sample_rate_hz = sample_rate_hz
        self._window = window
        self._clocked = clocked
        self._granted = window
        self._delivered = 0
        self._anchor = 0
        self._anchor_s = 0.0
        self._reported: int | None = None

    def deliver(self, upto: int, now_s: float) -> None:
        """Note that the listener has the samples below `upto`."""
        if self.played(now_s) == self._delivered:
            # It had nothing to play, at the beginning or in a stall: the clock starts anew.
            self._anchor, self._anchor_s = self._delivered, now_s
        self._delivered = upto

    def report(self, played: int) -> None:
        """Take the listener's own count from now on, instead of the clock's."""
        self._reported = min(max(played, self._reported or 0), self._delivered)

    def played(self, now_s: float) -> int:
        """Return the samples played by now."""
        if self._reported is not None:
            return self._reported
        if not self._clocked:
            return self._delivered
        elapsed = int((now_s - self._anchor_s) * self._sample_rate_hz)
        return min(self._delivered, self._anchor + elapsed)

    def grant(self, now_s: float) -> int | None:
        """Return a new `upto` once half of the window is used, else `None`."""
        upto = min(self.played(now_s) + self._window, MAX_COUNT)
        if 2 * (upto - self._granted) < self._window:
            return None
        self._granted = upto
        return upto

    def due_s(self) -> float:
        """Return when the clock alone makes a grant due: infinity if it waits for audio."""
        needed = self._granted - self._window // 2
        if self._reported is not None or not self._clocked or self._delivered < needed:
            return float("inf")
        # One sample more, so that rounding never wakes the caller just too early.
        return self._anchor_s + (needed + 1 - self._anchor) / self._sample_rate_hz


def heard_chars(marks: Iterable[Mark], samples: int, played: int) -> int:
    """Return the `end` of the last mark whose audio has wholly played, of `samples` in all.

    A mark's audio ends where the next mark of later text begins.
    """
    # Marks whose audio has not ended, their ends falling: a segment, then a word of it.
    sounding: list[int] = []
    heard = 0
    for mark in marks:
        while sounding and sounding[-1] < mark.end:
            end = sounding.pop()
            if played >= mark.at:
                heard = max(heard, end)
        sounding.append(mark.end)
    return max([heard, *sounding]) if played >= samples else heard
