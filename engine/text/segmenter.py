"""Cutting live text into segments as early as it can be known where."""

from collections import deque
from dataclasses import replace

from engine.text.borders import BorderFinder
from engine.text.markers import OPENS_MARKER, MarkerFinder
from engine.text.segment import Segment, SegmentRules
from engine.text.words import HALVES_PER_WORD, WordCounter, is_opening


class _Draft:
    """The text of a segment that is not decided yet, and where it may be cut.

    It begins with a code point that is no space. Positions are indices into `text`.
    """

    def __init__(self, rules: SegmentRules, max_words: int) -> None:
        self.text: list[str] = []
        #: Where the last word begins, with the brackets and quotes that open before it.
        self.word_start = 0
        self._max_chars = rules.max_chars
        self._max_halves = HALVES_PER_WORD * max_words
        self._min_halves = min(HALVES_PER_WORD * rules.min_words, self._max_halves)
        self._words = WordCounter()
        self._borders = BorderFinder()
        self._counted_at = 0
        self._cluster_start = 0
        self._marker = MarkerFinder()

    def add(self, char: str) -> int | None:
        """Add a code point; return the position of the cut that it settles, if it settles one."""
        here = len(self.text)
        if self._marker.start is not None or char in OPENS_MARKER:
            self._marker.step(char, here)
        cost = self._words.cost(char)
        self.text.append(char)
        border = self._borders.step(self.text, joined=self._words.joined)
        if border and self._words.halves >= self._min_halves:
            return border
        self._note_positions(char, here, starts_word=cost > 0)
        if cost and self._words.halves and self._words.halves + cost > self._max_halves:
            word = self.word_start if self.word_start > self._counted_at else here
            return self._marker.start or word
        if here >= self._max_chars:
            return here if char.isspace() else self.word_start or self._cluster_start or here
        if cost:
            self._words.halves += cost
            self._counted_at = here
        return None

    def _note_positions(self, char: str, here: int, *, starts_word: bool) -> None:
        if here == 0 or char.isspace() or self._words.joined:
            return
        before = self.text[here - 1]
        self._cluster_start = here
        opens = is_opening(char) and not before.isalnum() and not is_opening(before)
        if before.isspace() or opens or (starts_word and not is_opening(before)):
            self.word_start = here

    def last_word_border(self) -> int:
        """Return where the text can be cut without waiting; 0 if it is one unfinished word."""
        if self._marker.start is not None:
            return self._marker.start
        if self.text[-1].isspace() or self._borders.rests(self.text):
            return len(self.text)
        return self.word_start


class Segmenter:
    """Cuts one sequence's text into segments while it arrives.

    What is cut depends on the text alone, never on the pieces it came in, as long as neither
    `flush` nor `expire` is called in between. Every code point that is no space is in exactly one
    segment. At most `rules.max_chars` code points are held back. Not thread-safe.
    """

    def __init__(self, rules: SegmentRules) -> None:
        """Cut by `rules`."""
        self._rules = rules
        self._start = 0
        self._draft = _Draft(rules, min(rules.first_max_words, rules.max_words))

    @property
    def pending(self) -> bool:
        """Whether text that is not blank is held back, undecided."""
        return bool(self._draft.text)

    def feed(self, text: str) -> list[Segment]:
        """Append `text`; return the segments that are now decided, in order."""
        if not self.pending:
            # In one go: blanks between segments are nobody's, however many there are.
            solid = text.lstrip()
            self._start += len(text) - len(solid)
            text = solid
        return self._read(deque(text))

    def flush(self) -> list[Segment]:
        """Return everything held back as a segment, however short; none if it is blank."""
        if not self.pending:
            return []
        segment, _ = self._cut(len(self._draft.text))
        return [replace(segment, is_last=True)]

    def expire(self) -> list[Segment]:
        """Return what is held back up to its last word border.

        An unfinished word stays, and so does a mark that what follows may still join to a number
        or a name ("3.", "Mr.").
        """
        position = self._draft.last_word_border() if self.pending else 0
        if not position:
            return []
        segment, rest = self._cut(position)
        return [segment, *self._read(deque(rest))]

    def _read(self, backlog: deque[str]) -> list[Segment]:
        segments: list[Segment] = []
        while backlog:
            char = backlog.popleft()
            if not self._draft.text and char.isspace():
                self._start += 1
                continue
            position = self._draft.add(char)
            if position is not None:
                segment, rest = self._cut(position)
                segments.append(segment)
                # What follows the cut is read again as the beginning of the next segment.
                backlog.extendleft(reversed(rest))
        return segments

    def _cut(self, position: int) -> tuple[Segment, list[str]]:
        held = self._draft.text
        text = "".join(held[:position]).rstrip()
        segment = Segment(text, self._start, self._start + len(text))
        self._start += position
        self._draft = _Draft(self._rules, self._rules.max_words)
        return segment, held[position:]
