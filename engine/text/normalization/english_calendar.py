"""English ordinals, dates and times."""

import re

from engine.text.normalization.calendar import (
    CLOCK,
    DAY,
    ISO_DATE,
    MINUTE,
    YEAR,
    YEARS,
    Months,
    after,
    any_case,
    is_date,
)
from engine.text.normalization.language import AFTER, BEFORE, Rule, as_written
from engine.text.normalization.numbers import Numbers

_MONTHS = Months(
    "January|Jan|Jan.", "February|Feb|Feb.", "March|Mar|Mar.", "April|Apr|Apr.", "May",
    "June|Jun|Jun.", "July|Jul|Jul.", "August|Aug|Aug.", "September|Sep|Sep.|Sept|Sept.",
    "October|Oct|Oct.", "November|Nov|Nov.", "December|Dec|Dec.",
)  # fmt: skip
_SUFFIX = "(?:st|nd|rd|th)"
_HALF = "[ \u00a0]?(?P<half>[AaPp])(?:[Mm](?![\\w/])|\\.[Mm]\\.)"
_HOUR = rf"(?P<hour>1[0-2]|0?[1-9])(?:[:.]{MINUTE})?"
#: Before a number of four digits that is a year.
_OF_YEAR = any_case(["in", "since", "until", "before", "after", "year"])
_TEN = 10


def calendar(numbers: Numbers, *, month_first: bool) -> tuple[Rule, ...]:
    """Return the rules; with `month_first`, 3/4/2026 is the fourth of March."""
    say = _Sayings(numbers, month_first=month_first)
    month, year = _MONTHS.pattern, rf"(?:,? {YEAR})?{AFTER}(?!\u2013[0-9])"
    slashed = rf"{BEFORE}(?P<first>[0-9]{{1,2}})/(?P<second>[0-9]{{1,2}})/{YEAR}{AFTER}"
    alone = rf"{after([*_OF_YEAR, *_MONTHS.names])}{YEAR}{AFTER}"
    return (
        YEARS,
        Rule(ISO_DATE, say.iso, "date"),
        Rule(re.compile(slashed), say.slashed, "date"),
        Rule(re.compile(rf"\b{month} {DAY}{_SUFFIX}?{year}"), say.month_day, "date"),
        Rule(re.compile(rf"{BEFORE}{DAY}{_SUFFIX}?(?: of)? {month}{year}"), say.day_month, "date"),
        Rule(re.compile(rf"{BEFORE}{_HOUR}{_HALF}"), say.half_day, "time"),
        Rule(re.compile(rf"{BEFORE}{CLOCK}{AFTER}"), say.time, "time"),
        Rule(re.compile(rf"{BEFORE}(?P<n>[0-9]{{1,9}}){_SUFFIX}(?!\w)"), say.ordinal),
        Rule(re.compile(alone), say.year),
        # Decades, of a century or of a life: no seconds.
        Rule(re.compile(rf"{BEFORE}[0-9]+s(?!\w)"), as_written),
    )


class _Sayings:
    def __init__(self, numbers: Numbers, *, month_first: bool) -> None:
        self._numbers = numbers
        self._month_first = month_first

    def iso(self, match: re.Match[str]) -> str:
        return self._date(match, int(match["month"]), match["day"])

    def slashed(self, match: re.Match[str]) -> str:
        month, day = match["first"], match["second"]
        if not self._month_first or int(month) > len(_MONTHS.names):
            month, day = day, month
        return self._date(match, int(month), day)

    def month_day(self, match: re.Match[str]) -> str:
        return self._date(match, _MONTHS.number(match["month"]), match["day"])

    def day_month(self, match: re.Match[str]) -> str:
        month = _MONTHS.number(match["month"])
        if not is_date(match["year"], month, match["day"]):
            return match[0]
        the = "" if match.string[: match.start()].endswith(("the ", "The ")) else "the "
        said = f"{the}{self._ordinal(match['day'])} of {_MONTHS.names[month - 1]}"
        return f"{said}, {self._year(match['year'])}" if match["year"] else said

    def half_day(self, match: re.Match[str]) -> str:
        hour, minute = self._cardinal(match["hour"]), match["minute"] or "00"
        minutes = "" if minute == "00" else f" {self._minute(minute)}"
        return f"{hour}{minutes} {match['half'].lower()}.m."

    def time(self, match: re.Match[str]) -> str:
        hour, minute = self._cardinal(match["hour"]), match["minute"]
        if minute != "00":
            return f"{hour} {self._minute(minute)}"
        return f"{hour} o'clock" if 1 <= int(match["hour"]) <= 12 else f"{hour} hundred"  # noqa: PLR2004

    def ordinal(self, match: re.Match[str]) -> str:
        return self._ordinal(match["n"])

    def year(self, match: re.Match[str]) -> str:
        return self._year(match["year"])

    def _date(self, match: re.Match[str], month: int, day: str) -> str:
        if not is_date(match["year"], month, day):
            return match[0]
        said = f"{_MONTHS.names[month - 1]} {self._ordinal(day)}"
        return f"{said}, {self._year(match['year'])}" if match["year"] else said

    def _minute(self, minute: str) -> str:
        return f"oh {self._cardinal(minute)}" if int(minute) < _TEN else self._cardinal(minute)

    def _cardinal(self, digits: str) -> str:
        return self._numbers.say(int(digits), "spellout-cardinal")

    def _ordinal(self, digits: str) -> str:
        return self._numbers.say(int(digits), "spellout-ordinal")

    def _year(self, digits: str) -> str:
        return self._numbers.say(int(digits), "spellout-numbering-year")
