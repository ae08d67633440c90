"""English ordinals, dates and times."""

import re

from engine.text.normalization.calendar import CLOCK, DAY, ISO_DATE, YEAR, after, any_case
from engine.text.normalization.language import AFTER, BEFORE, Rule
from engine.text.normalization.numbers import Numbers

_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
_NUMBERED = {month[:3]: number for number, month in enumerate(_MONTHS, start=1)}
_MONTH = rf"(?P<month>{'|'.join(_MONTHS)}|(?:{'|'.join([*_NUMBERED, 'Sept'])})(?:\.|\b))"
_SUFFIX = "(?:st|nd|rd|th)"
_HALF = "[ \u00a0]?(?P<half>[AaPp])(?:[Mm](?!\\w)|\\.[Mm]\\.)"
_HOUR = r"(?P<hour>1[0-2]|0?[1-9])"
#: Before a number of four digits that is a year.
_OF_YEAR = any_case(["in", "since", "until", "before", "after", "year"])
_TEN = 10


def calendar(numbers: Numbers, *, month_first: bool) -> tuple[Rule, ...]:
    """Return the rules; with `month_first`, 3/4/2026 is the fourth of March."""
    say = _Sayings(numbers, month_first=month_first)
    year = rf"(?:,? {YEAR})?{AFTER}"
    slashed = rf"{BEFORE}(?P<first>[0-9]{{1,2}})/(?P<second>[0-9]{{1,2}})/{YEAR}{AFTER}"
    alone = rf"{after([*_OF_YEAR, *_MONTHS])}{YEAR}{AFTER}"
    return (
        Rule(ISO_DATE, say.iso, "date"),
        Rule(re.compile(slashed), say.slashed, "date"),
        Rule(re.compile(rf"\b{_MONTH} {DAY}{_SUFFIX}?{year}"), say.month_day, "date"),
        Rule(re.compile(rf"{BEFORE}{DAY}{_SUFFIX}?(?: of)? {_MONTH}{year}"), say.day_month, "date"),
        Rule(re.compile(rf"{BEFORE}{CLOCK}{_HALF}"), say.half_day, "time"),
        Rule(re.compile(rf"{BEFORE}{_HOUR}{_HALF}"), say.half_day, "time"),
        Rule(re.compile(rf"{BEFORE}{CLOCK}{AFTER}"), say.time, "time"),
        Rule(re.compile(rf"{BEFORE}(?P<n>[0-9]{{1,9}}){_SUFFIX}(?!\w)"), say.ordinal),
        Rule(re.compile(alone), say.year),
    )


class _Sayings:
    def __init__(self, numbers: Numbers, *, month_first: bool) -> None:
        self._numbers = numbers
        self._month_first = month_first

    def iso(self, match: re.Match[str]) -> str:
        return self._date(_MONTHS[int(match["month"]) - 1], match["day"], match["year"])

    def slashed(self, match: re.Match[str]) -> str | None:
        month, day = int(match["first"]), int(match["second"])
        if not self._month_first or month > len(_MONTHS):
            month, day = day, month
        if not (1 <= month <= len(_MONTHS) and 1 <= day <= 31):  # noqa: PLR2004 days
            return None
        return self._date(_MONTHS[month - 1], str(day), match["year"])

    def month_day(self, match: re.Match[str]) -> str:
        return self._date(_month(match), match["day"], match["year"])

    def day_month(self, match: re.Match[str]) -> str:
        the = "" if match.string[: match.start()].endswith(("the ", "The ")) else "the "
        said = f"{the}{self._ordinal(match['day'])} of {_month(match)}"
        return f"{said}, {self._year(match['year'])}" if match["year"] else said

    def half_day(self, match: re.Match[str]) -> str:
        hour = self._cardinal(match["hour"])
        minute = match.groupdict().get("minute", "00")
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

    def _date(self, month: str, day: str, year: str | None) -> str:
        said = f"{month} {self._ordinal(day)}"
        return f"{said}, {self._year(year)}" if year else said

    def _minute(self, minute: str) -> str:
        return f"oh {self._cardinal(minute)}" if int(minute) < _TEN else self._cardinal(minute)

    def _cardinal(self, digits: str) -> str:
        return self._numbers.say(int(digits), "spellout-cardinal")

    def _ordinal(self, digits: str) -> str:
        return self._numbers.say(int(digits), "spellout-ordinal")

    def _year(self, digits: str) -> str:
        return self._numbers.say(int(digits), "spellout-numbering-year")


def _month(match: re.Match[str]) -> str:
    return _MONTHS[_NUMBERED[match["month"][:3]] - 1]
