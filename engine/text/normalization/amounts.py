"""Plain numbers, sums of money, and numbers with a unit."""

import re
from collections.abc import Iterable

from engine.text.normalization.language import AFTER, BEFORE, Currency, Language, Noun, Rule

_SIGN = r"(?P<sign>[-\u2212+])?"
_SPACE = "[ \u00a0\u202f]?"
_CENT_DIGITS = 2


def amounts(language: Language) -> tuple[Rule, ...]:
    """Return the rules for all that is counted."""
    names = _any_of(language.currencies)
    number, scale = language.number, _scale(language)
    before = rf"{BEFORE}{_SIGN}(?P<name>{names}){_SPACE}{number}{scale}{AFTER}"
    after = rf"{BEFORE}{_SIGN}{number}{scale}{_SPACE}(?P<name>{names})(?!\w)"
    measured = rf"{BEFORE}{_SIGN}{number}{_SPACE}(?P<name>{_any_of(language.units)})(?![\w/²³])"
    plain = rf"{BEFORE}{_SIGN}{number}{AFTER}"
    return (
        Rule(re.compile(before), lambda match: _money(language, match), "currency"),
        Rule(re.compile(after), lambda match: _money(language, match), "currency"),
        Rule(re.compile(measured), lambda match: _measure(language, match), "unit"),
        Rule(re.compile("(?<=[0-9])\u2013(?=[0-9])"), lambda _: f" {language.to} "),
        Rule(re.compile(plain), lambda match: _plain(language, match), "cardinal"),
    )


def _money(language: Language, match: re.Match[str]) -> str:
    currency = language.currencies[match["name"]]
    digits, decimals, scale = language.digits(match), match["d"] or "", match["scale"]
    if scale:
        words = language.numbers.decimal(digits, decimals, language.kind, language.kind)
        scale_word = language.scales[scale.casefold()]
        said = f"{words} {scale_word} {currency.of}{currency.whole.many}"
    elif len(decimals) == _CENT_DIGITS and currency.cent is not None:
        said = _sum(language, currency, digits, decimals)
    else:
        said = _count(language, digits, decimals, currency.whole)
    return _signed(language, match, said)


def _sum(language: Language, currency: Currency, digits: str, decimals: str) -> str:
    cents = str(int(decimals))
    parts = []
    if int(digits) or not int(cents):
        parts.append(_count(language, digits, "", currency.whole))
    if int(cents) and currency.cent is not None:
        parts.append(_count(language, cents, "", currency.cent))
    return language.and_cents.join(parts)


def _measure(language: Language, match: re.Match[str]) -> str:
    noun = language.units[match["name"]]
    return _signed(language, match, _count(language, language.digits(match), match["d"], noun))


def _plain(language: Language, match: re.Match[str]) -> str:
    digits, decimals = language.digits(match), match["d"] or ""
    kind = language.kind
    return _signed(language, match, language.numbers.decimal(digits, decimals, kind, kind))


def _count(language: Language, digits: str, decimals: str | None, noun: Noun) -> str:
    decimals = decimals or ""
    number = language.numbers.decimal(digits, decimals, noun.kind, language.kind)
    return f"{number} {noun.counted(digits, decimals)}"


def _signed(language: Language, match: re.Match[str], said: str) -> str:
    sign = match["sign"]
    if not sign:
        return said
    return f"{language.plus if sign == '+' else language.minus} {said}"


def _scale(language: Language) -> str:
    return rf"(?:{_SPACE}(?P<scale>(?i:{_any_of(language.scales)}))(?!\w))?"


def _any_of(names: Iterable[str]) -> str:
    return "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
