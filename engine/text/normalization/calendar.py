"""What dates and times of all languages have in common."""

import re
from abc import ABC, abstractmethod
from collections.abc import Sequence

from engine.text.normalization.language import AFTER, BEFORE
from engine.text.normalization.numbers import Numbers

DAY = r"(?P<day>0?[1-9]|[12][0-9]|3[01])"
YEAR = r"(?P<year>1[0-9]{3}|20[0-9]{2})"
#: ISO 8601.
ISO_DATE = re.compile(rf"{BEFORE}{YEAR}-(?P<month>0[1-9]|1[0-2])-{DAY}{AFTER}")
CLOCK = r"(?P<hour>[01]?[0-9]|2[0-4]):(?P<minute>[0-5][0-9])"


def after(words: Sequence[str]) -> str:
    """Return a regular expression for a digit that stands behind one of `words` and a space."""
    # Most places have no digit, and looking ahead for one is the cheaper look.
    return "(?=[0-9])(?:" + "|".join(rf"(?<=\b{word} )" for word in words) + ")"


def any_case(words: Sequence[str]) -> list[str]:
    """Return the words, as they are and at the beginning of a sentence."""
    return [*words, *(word.capitalize() for word in words)]


class Sayings(ABC):
    """How a language says the dates that its rules have found, the month by number or by name."""

    def __init__(self, numbers: Numbers, months: Sequence[str]) -> None:
        """Take the language's numbers, and its months from the first on."""
        self._numbers = numbers
        self._months = months

    def numeric(self, match: re.Match[str]) -> str:
        """Say a date whose month is a number."""
        return self._date(match, self._months[int(match["month"]) - 1])

    def date(self, match: re.Match[str]) -> str:
        """Say a date whose month is named."""
        return self._date(match, match["month"])

    @abstractmethod
    def _date(self, match: re.Match[str], month: str) -> str: ...

    def _say(self, number: int, kind: str) -> str:
        return self._numbers.say(number, kind)
