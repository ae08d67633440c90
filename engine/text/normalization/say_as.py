"""Text that somebody has marked as a number, a date or the like, said as one."""

import re
from collections.abc import Callable, Mapping
from functools import cache, partial

from engine.errors import Unsupported
from engine.text.normalization.amounts import amounts
from engine.text.normalization.language import Language, Rule
from engine.text.normalization.languages import language_named, name_of

#: Those whose text a language's own rules must find as a whole, one of them.
_BY_RULES = ("cardinal", "currency", "date", "time", "unit")
#: What ends an ordinal in figures: "3rd", "3.", "3e".
_ORDINAL = re.compile(r"([0-9]{1,9})(?:\.|[^\W\d_]{1,3})?")
_DIGITS = re.compile(r"[0-9][0-9 .,-]*")
_TELEPHONE = re.compile(r"\+?[0-9(][0-9 ()/.-]*")
_RUN_OF_DIGITS = re.compile("[0-9]+")
_LEADING_ZEROS = re.compile(r"(?<![0-9.,])0+(?=[0-9])")
#: Where the year, the month and the day stand: "mdy".
_DATE_FORMATS = {"ymd": (0, 1, 2), "mdy": (2, 0, 1), "dmy": (2, 1, 0)}


def say_as(text: str, kind: str, date_format: str | None, tag: str) -> str:
    """Return how `text` is said in the language of a BCP 47 tag, as a `kind` of `KINDS`.

    Raises:
        Unsupported: the language has no rules.
        NormalizationMissing: a library for them is not installed.
        ValueError: there is no such kind, or the text is none of it; the message is a phrase.
    """
    if kind not in KINDS:
        raise ValueError(f"must be one of {', '.join(KINDS)}")
    if date_format is not None and (kind != "date" or date_format not in _DATE_FORMATS):
        raise ValueError(f"has a format only as a date, one of {', '.join(_DATE_FORMATS)}")
    name = name_of(tag)
    if name is None:
        raise Unsupported(f"nothing is known of how {kind} is said in {tag or 'this language'}")
    language = language_named(name)
    if date_format is not None:
        text = _iso_date(text, date_format)
    if kind == "cardinal":
        text = _LEADING_ZEROS.sub("", text)
    by_rules = partial(_by_rules, rules=_rules(name, kind))
    said = _SAYINGS.get(kind, by_rules)(language, text)
    if said is None:
        raise ValueError(f"finds no {kind} in what it is around")
    return said


@cache
def _rules(name: str, kind: str) -> tuple[Rule, ...]:
    language = language_named(name)
    return tuple(rule for rule in (*language.own, *amounts(language)) if rule.kind == kind)


def _by_rules(_: Language, text: str, rules: tuple[Rule, ...]) -> str | None:
    for rule in rules:
        found = rule.pattern.fullmatch(text)
        if found is not None:
            said = rule.say(found)
            return said if said != text else None
    return None


def _iso_date(text: str, date_format: str) -> str:
    fields = _RUN_OF_DIGITS.findall(text)
    if len(fields) != len(date_format):
        return ""
    year, month, day = (fields[at] for at in _DATE_FORMATS[date_format])
    return f"{year}-{month:0>2}-{day:0>2}"


def _ordinal(language: Language, text: str) -> str | None:
    found = _ORDINAL.fullmatch(text)
    return language.numbers.say(int(found[1]), language.ordinal) if found else None


def _digits(language: Language, text: str) -> str | None:
    return _digit_by_digit(language, text) if _DIGITS.fullmatch(text) else None


def _telephone(language: Language, text: str) -> str | None:
    if not _TELEPHONE.fullmatch(text):
        return None
    groups = _RUN_OF_DIGITS.findall(text)
    said = ", ".join(_digit_by_digit(language, group) for group in groups)
    return f"{language.plus} {said}" if said and text.startswith("+") else said or None


def _digit_by_digit(language: Language, text: str) -> str:
    return language.numbers.digits("".join(_RUN_OF_DIGITS.findall(text)), language.kind)


def _characters(language: Language, text: str) -> str | None:
    return " ".join(_character(language, char) for char in text if not char.isspace()) or None


def _character(language: Language, char: str) -> str:
    if char.isascii() and char.isdigit():
        return language.numbers.digits(char, language.kind)
    # A letter by itself is a word in places: "a", "I", "y".
    upper = char.upper()
    return language.symbols.get(char, upper if len(upper) == 1 else char)


_SAYINGS: Mapping[str, Callable[[Language, str], str | None]] = {
    "characters": _characters,
    "digits": _digits,
    "ordinal": _ordinal,
    "spell-out": _characters,
    "telephone": _telephone,
}
#: What text may be marked as.
KINDS = tuple(sorted((*_BY_RULES, *_SAYINGS)))
