"""Text that is said otherwise than it is written, and which written characters each part says."""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate

#: What is said instead of a match; None where it stays as it is written.
Say = Callable[[re.Match[str]], str | None]
#: What is said otherwise in a text: where it begins and ends, and what is said instead.
Found = Iterable[tuple[int, int, str | None]]
Find = Callable[[str], Found]

#: What is said may be so many times longer than what is written, and by so many characters: room
#: for any number and amount. A model has no room to speak pages as one prompt.
_MAX_GROWTH = 4
_EXTRA_CHARS = 200


@dataclass(frozen=True, slots=True)
class Piece:
    """What is said for the characters `start:end` of the written text.

    It `is_open` while they are said just as they are written, and may still be replaced.
    """

    text: str
    start: int
    end: int
    is_open: bool = True


@dataclass(frozen=True, slots=True)
class Alignment:
    """The pieces of a text in order: they cover what is written and make up what is said."""

    pieces: tuple[Piece, ...]
    #: Where each of them begins in what is said.
    begins: tuple[int, ...]

    def written(self, start: int, end: int) -> tuple[int, int]:
        """Return which written characters are said by `start:end` of what is said.

        A replaced piece is one whole: part of what is said for it stands for all of it.
        """
        first, last = self._find(start), self._find(max(start, end - 1))
        return (
            self._within(first, start) if self.pieces[first].is_open else self.pieces[first].start,
            self._within(last, end) if self.pieces[last].is_open else self.pieces[last].end,
        )

    def _find(self, position: int) -> int:
        # Of several that begin here, all but the last say nothing.
        return bisect_right(self.begins, position) - 1

    def _within(self, index: int, position: int) -> int:
        piece = self.pieces[index]
        return min(piece.start + position - self.begins[index], piece.end)


class Draft:
    """A text of which parts are replaced, rule by rule. What one rule replaced, no other sees."""

    def __init__(self, text: str) -> None:
        """Begin with `text` as it is written."""
        self._text = text
        self._pieces = [Piece(text, 0, len(text))]
        self._room = (_MAX_GROWTH - 1) * len(text) + _EXTRA_CHARS

    @property
    def is_changed(self) -> bool:
        """Tell whether anything is said otherwise than it is written."""
        return len(self._pieces) > 1 or not self._pieces[0].is_open

    def has(self, pattern: re.Pattern[str]) -> bool:
        """Tell whether `pattern` is found in what is still open."""
        return any(piece.is_open and pattern.search(piece.text) for piece in self._pieces)

    def substitute(self, pattern: re.Pattern[str], say: Say) -> None:
        """Replace every match of `pattern` in what is still open by what `say` returns for it.

        What looks behind sees what is written there, replaced or not.
        """

        def find(piece: Piece) -> Found:
            for match in pattern.finditer(self._text, piece.start, piece.end):
                yield match.start() - piece.start, match.end() - piece.start, say(match)

        self._replace(find)

    def replace(self, find: Find) -> None:
        """Replace what `find` finds in what is still open, in order.

        What would make the whole too long stays as it is written.
        """
        self._replace(lambda piece: find(piece.text))

    def _replace(self, find: Callable[[Piece], Found]) -> None:
        pieces: list[Piece] = []
        for piece in self._pieces:
            if piece.is_open:
                pieces += self._split(piece, find(piece))
            else:
                pieces.append(piece)
        self._pieces = pieces

    def result(self) -> tuple[str, Alignment]:
        """Return what is said, and how it lies on what is written."""
        begins = accumulate((len(piece.text) for piece in self._pieces), initial=0)
        alignment = Alignment(tuple(self._pieces), tuple(begins)[:-1])
        return "".join(piece.text for piece in self._pieces), alignment

    def _split(self, piece: Piece, found: Found) -> Sequence[Piece]:
        split: list[Piece] = []
        done = 0
        for begin, end, said in found:
            if said is None or begin == end or len(said) - (end - begin) > self._room:
                continue
            self._room -= max(0, len(said) - (end - begin))
            if begin > done:
                split.append(_part(piece, done, begin))
            split.append(Piece(said, piece.start + begin, piece.start + end, is_open=False))
            done = end
        if done < len(piece.text) or not piece.text:
            split.append(_part(piece, done, len(piece.text)))
        return split


def _part(piece: Piece, begin: int, end: int) -> Piece:
    return Piece(piece.text[begin:end], piece.start + begin, piece.start + end)
