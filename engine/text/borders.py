"""Finding the borders of clauses and sentences, one code point at a time.

A mark such as a full stop opens a candidate. The code points after it settle it: further marks and
closing quotes make it longer, a space confirms it, a letter or a digit refutes it ("3.14",
"example.com"). What is settled never depends on how the text was cut into pieces.
"""

import unicodedata
from collections.abc import Sequence

from engine.text.abbreviations import LONGEST_TOKEN, Stop, classify
from engine.text.marks import (
    BETWEEN_DIGITS,
    DASHES,
    MARKS,
    NEWLINES,
    NO_BREAK_SPACES,
    PLAIN_MARKS,
    REVERSED_CLOSERS,
    STRAIGHT_CLOSERS,
)
from engine.text.words import is_unspaced


class BorderFinder:
    """Finds the borders of one text as it arrives. Positions are indices into that text."""

    def __init__(self) -> None:
        """Start before the first code point."""
        self._start = 0
        self._end = 0  # of the open candidate; 0 while there is none
        self._wide = False
        self._stop: Stop | None = None
        self._spaced = False
        self._last_solid = " "

    def step(self, text: Sequence[str], *, joined: bool) -> int | None:
        """Return the border that the last code point of `text` settles, if it settles one.

        `joined` tells that it belongs to the cluster of the one before it. A border at `n` lies
        before `text[n]`, and `n` is less than the length of `text`.
        """
        char = text[-1]
        border = self._newline_or_phrase(text)
        if border is None and self._end:
            border = self._settle(text, joined=joined)
        if not self._end and char in MARKS:
            self._open(text)
        if not char.isspace():
            self._last_solid = char
        return border

    def rests(self, text: Sequence[str]) -> bool:
        """Tell whether `text` ends at a candidate that would hold if nothing more came.

        A number before the mark may still go on, and a title wants its name.
        """
        if not self._end:
            return False
        before = text[self._start - 1] if self._start else ""
        if before.isdigit() and text[self._start] in ".,:":
            return False
        return self._meaning(text) is not Stop.NEVER_ENDS

    def _newline_or_phrase(self, text: Sequence[str]) -> int | None:
        char, here = text[-1], len(text) - 1
        if char in NEWLINES:
            return self._close(here)
        # Scripts without spaces between words put them between phrases.
        after_space = here > 0 and text[here - 1].isspace()
        if after_space and is_unspaced(char) and is_unspaced(self._last_solid):
            return self._close(here)
        return None

    def _open(self, text: Sequence[str]) -> None:
        self._start, self._end = len(text) - 1, len(text)
        self._wide = text[-1] not in PLAIN_MARKS
        self._spaced = False
        self._stop = None

    def _close(self, border: int | None) -> int | None:
        self._end = 0
        return border

    def _settle(self, text: Sequence[str], *, joined: bool) -> int | None:
        char = text[-1]
        if self._stop is not None:
            return self._settle_abbreviation(char)
        if self._extends(char, joined=joined):
            self._end, self._spaced = len(text), False
            self._wide = self._wide or (char in MARKS and char not in PLAIN_MARKS)
            return None
        if char in NO_BREAK_SPACES and not self._spaced:
            self._spaced = True
            return None
        if char.isspace() or self._spaced:
            self._stop = self._meaning(text)
            return self._settle_abbreviation(char) if self._stop else self._close(self._end)
        return self._close(self._settle_unspaced(text))

    def _extends(self, char: str, *, joined: bool) -> bool:
        closing = unicodedata.category(char) in ("Pe", "Pf")
        if self._spaced or closing:
            return closing
        if joined or char in MARKS or char in STRAIGHT_CLOSERS:
            return True
        return not self._wide and char in REVERSED_CLOSERS

    def _settle_abbreviation(self, char: str) -> int | None:
        if self._stop is Stop.NEVER_ENDS:
            return self._close(None)
        if char.isspace():
            return None
        number = self._stop is Stop.ENDS_UNLESS_NUMBER
        ends = not char.isdigit() if number else not char.islower() and not char.isdigit()
        return self._close(self._end if ends else None)

    def _settle_unspaced(self, text: Sequence[str]) -> int | None:
        """Settle a candidate by the code point that touches it."""
        char, mark = text[-1], text[self._start]
        before = text[self._start - 1] if self._start else ""
        if mark in DASHES and (not before or before.isspace()):
            return self._start or None  # the dash opens what follows: "he was —they say— ill"
        if self._wide:
            inside = before.isdigit() and char.isdigit() and mark in BETWEEN_DIGITS
            return None if inside else self._end
        touches = is_unspaced(char) or unicodedata.category(char) == "So"
        return self._end if touches else None

    def _meaning(self, text: Sequence[str]) -> Stop | None:
        """Classify a lone full stop by the token before it."""
        run = text[self._start : self._start + 2]
        if run[0] != "." or (len(run) > 1 and run[1] in MARKS):
            return None
        first = self._start
        while first and self._start - first <= LONGEST_TOKEN and _in_token(text[first - 1]):
            first -= 1
        token = "".join(text[first : self._start]).strip(".")
        clipped = token.isdigit() and first > 0 and not text[first - 1].isspace()  # "10:30."
        return classify(token) if token and not clipped else None


def _in_token(char: str) -> bool:
    return char == "." or char.isalnum() or unicodedata.category(char)[0] == "M"
