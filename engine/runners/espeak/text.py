"""A segment's text made safe for the library, and the words in it.

Cleaning replaces one code point by one code point, so a position in the cleaned text is the same
position in the text as given. Markup needs no escaping: the library reads `[[...]]` and tags as
text unless told otherwise.
"""

import re
import unicodedata
from dataclasses import dataclass
from itertools import pairwise

from engine.text.words import WordCounter, is_unspaced

#: Controls (0x01 begins a command of the library), lone surrogates and private use.
_UNSAFE_CATEGORIES = frozenset({"Cc", "Cs", "Co"})
#: Punctuation by category that is read aloud by name.
_SPOKEN_PUNCTUATION = frozenset("%&@#*/\\§†‰")
#: What separates words besides white space: dashes and ellipses.
_TOKEN = re.compile(r"[^\s\u2013\u2014\u2026]+")
_RUN = re.compile(r"\S+")
_JOINER = "\u200d"
#: A hyphen is no pause.
_DASHES = "\u2013\u2014"
#: A mark that follows a full stop, as in "at 10 a.m.; then", is none to the library.
_ABBREVIATED = re.compile(r"\w\.[,;:]$")
_CLOSERS = "\"'\u00bb\u201d\u2019)]}"


@dataclass(frozen=True, slots=True)
class Word:
    """A word: `text[start:end]`, without the punctuation around it."""

    start: int
    end: int


def clean(text: str) -> str:
    """Return `text` with every unsafe code point replaced by a space; its length stays."""
    return "".join(
        " " if unicodedata.category(c) in _UNSAFE_CATEGORIES and c != "\n" else c for c in text
    )


def words(text: str) -> list[Word]:
    """Return the words of `text` in order. A text without any makes no sound."""
    found: list[Word] = []
    for token in _TOKEN.finditer(text):
        found += _words_of(text, token.start(), token.end())
    return found


def split_pause(text: str, *, is_last: bool) -> tuple[str, bool]:
    """Return what to say of `text`, and whether a pause follows it.

    It does after punctuation, and after the `is_last` of all. Quotes and brackets that close after
    punctuation are not said: at the end of a call the library would pause for them again.
    """
    inner = text.rstrip().rstrip(_CLOSERS)
    if _is_pause(inner[-1:]):
        return inner, is_last or not _ABBREVIATED.search(inner)
    return text, is_last


def can_echo(word: str) -> bool:
    """Tell whether `word` sounds the same when it is said once more after a space.

    Two numbers may be read as one, and where no spaces are written a letter changes its neighbour.
    """
    return not any(char.isdigit() for char in word) and not is_unspaced(word[-1])


def _is_pause(character: str) -> bool:
    if not character or character in _SPOKEN_PUNCTUATION:
        return False
    return character in _DASHES or unicodedata.category(character) == "Po"


def first_run(text: str) -> str:
    """Return the first run without a space."""
    run = _RUN.search(text)
    return run.group() if run else ""


def piece_end(text: str, start: int, run_chars: int) -> int:
    """Return where to end a piece from `start` so that it holds no longer run without a space."""
    for run in _RUN.finditer(text, start):
        if run.end() - run.start() > run_chars:
            return run.start() if text[start : run.start()].strip() else _cut(text, run, run_chars)
    return len(text)


def _cut(text: str, run: re.Match[str], run_chars: int) -> int:
    # Not between a base and what combines with it, unless the cluster is longer than the piece.
    stop = limit = run.start() + run_chars
    while stop > run.start() and (_combines(text[stop]) or text[stop - 1] == _JOINER):
        stop -= 1
    return stop if stop > run.start() else limit


def _combines(character: str) -> bool:
    return character == _JOINER or unicodedata.category(character)[0] == "M"


def _words_of(text: str, start: int, end: int) -> list[Word]:
    """Return the words of a token. In a script without spaces each letter counts as one."""
    counter = WordCounter()
    borders = [start]
    within = False
    for at in range(start, end):
        begins = counter.cost(text[at]) > 0
        # A number is one word in every script.
        unspaced = is_unspaced(text[at]) and not text[at].isdecimal()
        if begins if unspaced else within and not counter.joined:
            borders.append(at)
        within = unspaced or (within and counter.joined)
    pieces = pairwise([*borders, end])
    return [word for begin, stop in pieces for word in _stripped(text, begin, stop)]


def _stripped(text: str, start: int, end: int) -> list[Word]:
    while start < end and not _is_spoken(text[start]):
        start += 1
    while end > start and not (_is_spoken(text[end - 1]) or _joins(text[end - 1])):
        end -= 1
    return [Word(start, end)] if start < end else []


def _is_spoken(character: str) -> bool:
    return unicodedata.category(character)[0] in "LNS" or character in _SPOKEN_PUNCTUATION


def _joins(character: str) -> bool:
    return unicodedata.category(character)[0] == "M"
