"""How much of a text a listener has heard, from how many samples were played."""

from bisect import bisect_right


class Heard:
    """Follows the marks of one stream. Samples are at the stream's rate, and never go back.

    A word has wholly played where the next one begins, and the last word of a segment where the
    segment ends. Until that is known, it counts as not heard.
    """

    def __init__(self) -> None:
        self._open_end: int | None = None
        self._played_at: list[int] = []
        self._text_ends: list[int] = []

    def word(self, at: int, end: int) -> None:
        """Take note that a word begins at sample `at`, and ends at character `end`."""
        self._close(at)
        self._open_end = end

    def segment_end(self, at: int, end: int) -> None:
        """Take note that a segment has sounded up to sample `at`, and ends at character `end`."""
        self._open_end = end
        self._close(at)

    def upto(self, played: int) -> int:
        """Return the number of characters heard once `played` samples were played."""
        count = bisect_right(self._played_at, played)
        return self._text_ends[count - 1] if count else 0

    def _close(self, at: int) -> None:
        if self._open_end is not None:
            self._played_at.append(at)
            self._text_ends.append(self._open_end)
            self._open_end = None
