"""What dates and times of all languages have in common."""

import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import date

from engine.text.normalization.language import AFTER, BEFORE, Rule, as_written
from engine.text.normalization.numbers import Numbers

DAY = r"(?P<day>0?[1-9]|[12][0-9]|3[01])"
YEAR = r"(?P<year>1[0-9]{3}|20[0-9]{2})"
#: ISO 8601.
ISO_DATE = re.compile(rf"{BEFORE}{YEAR}-(?P<month>0[1-9]|1[0-2])-{DAY}{AFTER}")
HOUR = r"(?P<hour>[01]?[0-9]|2[0-4])"
MINUTE = r"(?P<minute>[0-5][0-9])"
CLOCK = f"{HOUR}:{MINUTE}"
#: Two years, or numbers as large: not all languages say these alike.
YEARS = Rule(re.compile(rf"{BEFORE}{YEAR}\u2013[12][0-9]{{3}}{AFTER}"), as_written)
#: Of a date without one: it has all days that any year has.
_ANY_YEAR = 2000


def after(words: Sequence[str]) -> str:
    """Return a regular expression for a digit that stands behind one of `words` and a space."""
    # Most places have no digit, and looking ahead for one is the cheaper look.
    return "(?=[0-9])(?:" + "|".join(rf"(?<=\b{re.escape(word)} )" for word in words) + ")"


def any_case(words: Sequence[str]) -> list[str]:
    """Return the words, as they are and at the beginning of a sentence."""
    return [*words, *(word.capitalize() for word in words)]


def is_date(year: str | None, month: int, day: str) -> bool:
    """Tell whether there is such a day: no year has a 30 February."""
    try:
        date(int(year or _ANY_YEAR), month, int(day))
    except ValueError:
        return False
    return True


class Months:
    """The months of a language, each as its forms in writing, with bars between: "May", "Jan|Jan.".

    The first form is what is said.
    """

    def __init__(self, *months: str) -> None:
        """Take them from the first on."""
        forms = [month.split("|") for month in months]
        self.names = [name for name, *_ in forms]
        self._numbers = {
            form: number for number, month in enumerate(forms, start=1) for form in month
        }

    @property
    def forms(self) -> list[str]:
        """All forms, the longest first."""
        return sorted(self._numbers, key=len, reverse=True)

    @property
    def pattern(self) -> str:
        """A regular expression for one, with the group `month`."""
        return rf"(?P<month>{'|'.join(map(re.escape, self.forms))})(?!\w)"

    def number(self, form: str) -> int:
        """Return which of them has this form."""
        return self._numbers[form]


class Sayings(ABC):
    """How a language says the dates that its rules have found, the month by number or by name."""

    def __init__(self, numbers: Numbers, months: Months) -> None:
        """Take the language's numbers and its months."""
        self._numbers = numbers
        self._months = months

    def numeric(self, match: re.Match[str]) -> str:
        """Say a date whose month is a number."""
        return self._checked(match, int(match["month"]))

    def date(self, match: re.Match[str]) -> str:
        """Say a date whose month is named."""
        return self._checked(match, self._months.number(match["month"]))

    @abstractmethod
    def _date(self, match: re.Match[str], month: str) -> str: ...

    def _checked(self, match: re.Match[str], month: int) -> str:
        if not is_date(match["year"], month, match["day"]):
            return match[0]
        return self._date(match, self._months.names[month - 1])

    def _say(self, number: int, kind: str) -> str:
        return self._numbers.say(number, kind)
