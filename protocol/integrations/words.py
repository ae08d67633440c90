# ruff: noqa: TID252 - the same files are installed under another name
"""When words are spoken, by the marks of a stream, whether its model knows of words or not."""

from dataclasses import dataclass

from ..messages import Mark


@dataclass(frozen=True, slots=True)
class TimedText:
    """The characters `start` to `end`, spoken from sample `at` on, or by then."""

    start: int
    end: int
    at: int


class Words:
    """Turns marks into timed text that is told once, in order.

    A model that marks words has each of them told where it begins. Of one that marks segments
    alone, a segment is told once it was spoken: nobody knows how much of it was heard before.
    """

    def __init__(self) -> None:
        self._told = 0
        self._segment: Mark | None = None

    def take(self, mark: Mark) -> TimedText | None:
        """Take the next mark; return what is to be told now."""
        if mark.unit == "word":
            self._segment = None
            return self._tell(mark.start, mark.end, mark.at)
        spoken = self.finish(mark.at)
        self._segment = mark
        return spoken

    def finish(self, at: int) -> TimedText | None:
        """Return what is left to tell when all was spoken, at sample `at`."""
        segment, self._segment = self._segment, None
        return self._tell(segment.start, segment.end, at) if segment is not None else None

    def _tell(self, start: int, end: int, at: int) -> TimedText | None:
        # What was cut by a lost connection is spoken again, and was told before.
        if end <= self._told:
            return None
        begin, self._told = max(start, self._told), end
        return TimedText(begin, end, at)
