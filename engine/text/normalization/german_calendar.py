"""German ordinals, dates and times."""

import re

from engine.text.normalization.calendar import (
    CLOCK,
    DAY,
    ISO_DATE,
    YEAR,
    Sayings,
    after,
    any_case,
)
from engine.text.normalization.language import AFTER, BEFORE, Rule
from engine.text.normalization.numbers import Numbers

_MONTHS = (
    "Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober",
    "November", "Dezember",
)  # fmt: skip
_MONTH = rf"(?P<month>{'|'.join(_MONTHS)})(?!\w)"
#: The ordinal after these ends in "n", and after these articles in "e".
_OBLIQUE = any_case(["am", "vom", "zum", "beim", "im", "dem", "den", "des", "ab", "bis", "zur"])
_NOMINATIVE = any_case(["der", "die", "das"])
_OF_YEAR = any_case(["seit", "ab", "bis", "von", "nach", "vor", "um", "Jahr", "Jahre", "Jahres"])


def calendar(numbers: Numbers) -> tuple[Rule, ...]:
    """Return the rules."""
    say = _Sayings(numbers, _MONTHS)
    year = rf"(?: {YEAR}{AFTER})?"
    dotted = rf"{BEFORE}{DAY}\. ?(?P<month>0?[1-9]|1[0-2])\. ?{YEAR}{AFTER}"
    ordinal = rf"{after([*_OBLIQUE, *_NOMINATIVE])}(?P<day>[0-9]{{1,4}})\.(?= [A-ZÄÖÜ])"
    alone = rf"{after([*_OF_YEAR, *_MONTHS])}{YEAR}{AFTER}"
    return (
        Rule(ISO_DATE, say.numeric, "date"),
        Rule(re.compile(dotted), say.numeric, "date"),
        Rule(re.compile(rf"{BEFORE}{DAY}\. {_MONTH}{year}"), say.date, "date"),
        Rule(re.compile(rf"{BEFORE}{CLOCK}(?: Uhr(?!\w)|{AFTER})"), say.time, "time"),
        Rule(re.compile(rf"{BEFORE}(?P<hour>[01]?[0-9]|2[0-4])(?= Uhr(?!\w))"), say.hour),
        Rule(re.compile(ordinal), say.ordinal),
        Rule(re.compile(alone), say.year),
    )


class _Sayings(Sayings):
    def time(self, match: re.Match[str]) -> str:
        minute = int(match["minute"])
        said = f"{self.hour(match)} Uhr"
        return f"{said} {self._say(minute, 'spellout-numbering')}" if minute else said

    def hour(self, match: re.Match[str]) -> str:
        return self._say(int(match["hour"]), "spellout-cardinal-neuter")

    def ordinal(self, match: re.Match[str]) -> str:
        return self._say(int(match["day"]), _kind(match))

    def year(self, match: re.Match[str]) -> str:
        return self._say(int(match["year"]), "spellout-numbering-year")

    def _date(self, match: re.Match[str], month: str) -> str:
        said = f"{self.ordinal(match)} {month}"
        return f"{said} {self.year(match)}" if match["year"] else said


def _kind(match: re.Match[str]) -> str:
    """Return the ordinal's case, by the word before it."""
    words = match.string[: match.start()].split()[-1:]
    if words and words[0] in _OBLIQUE:
        return "spellout-ordinal-n"
    return "spellout-ordinal" if words and words[0] in _NOMINATIVE else "spellout-ordinal-r"
