"""French ordinals, dates and times."""

import re

from engine.text.normalization.calendar import DAY, HOUR, ISO_DATE, MINUTE, YEAR, Months, Sayings
from engine.text.normalization.language import AFTER, BEFORE, Rule
from engine.text.normalization.numbers import Numbers

_MONTHS = Months(
    "janvier|janv.", "février|févr.|fév.", "mars", "avril|avr.", "mai", "juin", "juillet|juil.",
    "août", "septembre|sept.", "octobre|oct.", "novembre|nov.", "décembre|déc.",
)  # fmt: skip
_SPACE = "[ \u00a0\u202f]?"
#: With minutes by themselves it is how long something takes: "1 h 30 min".
_CLOCK = (
    rf"{HOUR}(?::{MINUTE}{AFTER}"
    rf"|{_SPACE}[hH]{_SPACE}(?P<past>[0-5][0-9])(?!\w|{_SPACE}min)|{_SPACE}[hH](?![\w/]))"
)
_MASCULINE, _FEMININE = "spellout-cardinal-masculine", "spellout-cardinal-feminine"


def calendar(numbers: Numbers) -> tuple[Rule, ...]:
    """Return the rules."""
    say = _Sayings(numbers, _MONTHS)
    slashed = rf"{BEFORE}{DAY}/(?P<month>0?[1-9]|1[0-2])/{YEAR}{AFTER}"
    named = rf"{BEFORE}{DAY}(?:er)? {_MONTHS.pattern}(?: {YEAR}{AFTER})?"
    ordinal = r"(?P<n>[0-9]{1,4})(?:(?P<feminine>re|ère|nde)|er|nd|ème|es|e)(?!\w)"
    return (
        Rule(ISO_DATE, say.numeric, "date"),
        Rule(re.compile(slashed), say.numeric, "date"),
        Rule(re.compile(named), say.date, "date"),
        Rule(re.compile(BEFORE + _CLOCK), say.time, "time"),
        Rule(re.compile(BEFORE + ordinal), say.ordinal),
    )


class _Sayings(Sayings):
    def time(self, match: re.Match[str]) -> str:
        hour, minute = int(match["hour"]), int(match["minute"] or match["past"] or 0)
        said = f"{self._say(hour, _FEMININE)} {'heures' if hour > 1 else 'heure'}"
        return f"{said} {self._say(minute, _FEMININE)}" if minute else said

    def ordinal(self, match: re.Match[str]) -> str:
        gender = "feminine" if match["feminine"] else "masculine"
        return self._say(int(match["n"]), f"spellout-ordinal-{gender}")

    def _date(self, match: re.Match[str], month: str) -> str:
        day = int(match["day"])
        first = "premier" if day == 1 else self._say(day, _MASCULINE)
        year = f" {self._say(int(match['year']), _MASCULINE)}" if match["year"] else ""
        return f"{first} {month}{year}"
