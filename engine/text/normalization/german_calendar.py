"""German ordinals, dates and times."""

import re

from engine.text.normalization.calendar import (
    CLOCK,
    DAY,
    HOUR,
    ISO_DATE,
    MINUTE,
    YEAR,
    YEARS,
    Months,
    Sayings,
    after,
    any_case,
)
from engine.text.normalization.language import AFTER, BEFORE, Rule, as_written
from engine.text.normalization.numbers import Numbers

_MONTHS = Months(
    "Januar|Jan|Jan.|Jänner", "Februar|Feb|Feb.", "März|Mär.|Mrz.", "April|Apr|Apr.", "Mai",
    "Juni|Jun.", "Juli|Jul.", "August|Aug|Aug.", "September|Sep|Sep.|Sept|Sept.",
    "Oktober|Okt|Okt.", "November|Nov|Nov.", "Dezember|Dez|Dez.",
)  # fmt: skip
#: The ordinal after these ends in "n", and after these articles in "e".
_BEFORE_DAY = any_case(["am", "vom", "zum"])
_OBLIQUE = any_case(["beim", "im", "dem", "den", "des", "zur"])
_NOMINATIVE = any_case(["der", "die", "das"])
#: As do these; but a number may follow them too: "bis 30."
_PREPOSITIONS = any_case(["ab", "bis"])
_ARTICLES = [*_BEFORE_DAY, *_OBLIQUE, *_NOMINATIVE]
_OF_YEAR = any_case(["seit", "ab", "bis", "von", "nach", "vor", "um", "Jahr", "Jahre", "Jahres"])
_TO = " ?(?P<to>\u2013|-|bis zum|bis|und dem|und|oder) ?"


def calendar(numbers: Numbers) -> tuple[Rule, ...]:
    """Return the rules."""
    say = _Sayings(numbers, _MONTHS)
    named = rf"{DAY}\. {_MONTHS.pattern}(?: {YEAR}{AFTER})?"
    span = rf"(?P<from>[1-9][0-9]?)\.{_TO}{named}"
    dotted = rf"{BEFORE}{DAY}\. ?(?P<month>0?[1-9]|1[0-2])\. ?{YEAR}{AFTER}"
    hour = rf"{HOUR} Uhr(?: {MINUTE}{AFTER})?(?!\w)"
    return (
        YEARS,
        Rule(ISO_DATE, say.numeric, "date"),
        Rule(re.compile(dotted), say.numeric, "date"),
        Rule(re.compile(BEFORE + span), say.span, "date"),
        Rule(re.compile(BEFORE + named), say.date, "date"),
        Rule(re.compile(rf"{BEFORE}{HOUR}[.:]{MINUTE} (?:Uhr|h)(?!\w)"), say.time, "time"),
        Rule(re.compile(rf"{BEFORE}{CLOCK}{AFTER}"), say.time, "time"),
        Rule(re.compile(BEFORE + hour), say.time, "time"),
        *_ordinals(say),
        Rule(re.compile(rf"{after([*_OF_YEAR, *_MONTHS.forms])}{YEAR}{AFTER}"), say.year),
    )


def _ordinals(say: "_Sayings") -> tuple[Rule, ...]:
    two = rf"[0-9]{{1,2}}\.(?:{_TO}| )[0-9]{{1,2}}\.(?!\w)"
    named = rf"{after(_ARTICLES)}(?P<day>[0-9]{{1,4}})\.(?= [A-ZÄÖÜ])"
    return (
        # Of what, and so in which case, nobody says: "1. bis 3.", "ab 1. 5."
        Rule(re.compile(BEFORE + two), as_written),
        Rule(re.compile(named), say.ordinal),
        Rule(re.compile(rf"{after(_BEFORE_DAY)}(?P<day>[0-9]{{1,2}})(?=\.\s*$)"), say.ordinal),
        Rule(re.compile(rf"{after(_ARTICLES)}[0-9]{{1,2}}\.\s*$"), as_written),
        # An ordinal, or the end of a sentence.
        Rule(re.compile(rf"{BEFORE}[0-9]{{1,2}}\.(?=\s+\w)"), as_written),
    )


class _Sayings(Sayings):
    def span(self, match: re.Match[str]) -> str:
        until = self.date(match)
        if until == match[0] or int(match["from"]) >= int(match["day"]):
            return match[0]
        to = "bis" if match["to"] in "\u2013-" else match["to"]
        return f"{self._say(int(match['from']), _kind(match))} {to} {until}"

    def time(self, match: re.Match[str]) -> str:
        minute = int(match["minute"] or 0)
        said = f"{self._say(int(match['hour']), 'spellout-cardinal-neuter')} Uhr"
        return f"{said} {self._say(minute, 'spellout-numbering')}" if minute else said

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
    if words and words[0] in (*_BEFORE_DAY, *_OBLIQUE, *_PREPOSITIONS):
        return "spellout-ordinal-n"
    return "spellout-ordinal" if words and words[0] in _NOMINATIVE else "spellout-ordinal-r"
