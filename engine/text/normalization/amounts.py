"""Plain numbers, sums of money, and numbers with a unit."""

import re
from collections.abc import Iterable

from engine.text.normalization.language import (
    AFTER,
    BEFORE,
    Currency,
    Language,
    Noun,
    Rule,
    as_written,
)

_SIGN = r"(?P<sign>[-\u2212+])?"
_SPACES = " \u00a0\u2009\u202f"
_SPACE = f"[{_SPACES}]?"
#: Two numbers side by side are parts of one thing that none of the rules knows, and so are feet and
#: inches; and a dash before one may be a minus.
_FIRST = (
    rf"(?<!\b[0-9][{_SPACES}])(?<![0-9][0-9][{_SPACES}])(?<![0-9]['\u2019])"
    r"(?<!\s\u2013)(?<!^\u2013)"
)
_LAST = rf"(?![{_SPACES}][0-9\u00bc-\u00be\u2150-\u215e]|['\u2019][0-9])"
#: The hyphen of a span is no minus: "9am-5pm", "5%-10%", "3 May-5 May". Rules of dates would read
#: half of one, so this is for before all of them.
SPAN = Rule(
    re.compile(
        rf"{BEFORE}[0-9]+(?:[.,:][0-9]+)*{_SPACE}(?:[^\W\d_][\w.]{{0,9}}|[%°€$£¥]C?)-[0-9]+"
        r"(?:[.,:][0-9]+)*\w*"
    ),
    as_written,
)
_DASH = re.compile("(?<=[0-9%°€$£¥])\u2013(?=[$€£¥]?[0-9])")
_AREA_CODE = rf"(?:\+[0-9]{{1,3}}{_SPACE})?\([0-9]{{1,5}}\)"
_TELEPHONE = re.compile(
    rf"{BEFORE}(?:{_AREA_CODE}{_SPACE}[0-9][0-9 /-]{{3,}}"
    r"|\+[0-9]{1,3}(?: [0-9]{2,}){2,})(?!\w)"
)
#: A shorter word for a large number is a letter or two, and with no currency may be anything.
_SCALE_WORD_CHARS = 3
_CENT_DIGITS = 2
_WORD = re.compile(rf"[{_SPACES}-](?:[^\W\d_]|$)")


def amounts(language: Language) -> tuple[Rule, ...]:
    """Return the rules for all that is counted."""
    names, measures = _any_of(language.currencies), _any_of(language.units)
    words = [scale for scale in language.scales if len(scale) >= _SCALE_WORD_CHARS]
    scale, word = (_scale(language, scales) for scales in (language.scales, words))
    number = rf"{BEFORE}{_FIRST}{_SIGN}{language.number}"
    before = rf"{BEFORE}{_SIGN}(?P<name>{names}){_SPACE}{language.number}{scale}{AFTER}{_LAST}"
    after = rf"{number}{scale}{_SPACE}(?P<name>{names})(?!\w)"
    measured = rf"{number}{word}{_SPACE}(?P<name>{measures})(?![\w/²³])"
    scaled = rf"{number}{_SPACE}(?P<name>(?i:{_any_of(words)}))(?!\w)"
    # What stands before a sign or a unit, and is not found above, is part of something else.
    unknown = rf"(?!{_SPACE}(?:\w{{0,2}}[%°$€£¥]|(?:{measures})[/²³]))"
    return (
        Rule(_TELEPHONE, as_written),
        Rule(_DASH, lambda _: f" {language.to} "),
        Rule(re.compile(before), lambda match: _money(language, match), "currency"),
        Rule(re.compile(after), lambda match: _money(language, match), "currency"),
        Rule(re.compile(measured), lambda match: _measure(language, match), "unit"),
        Rule(re.compile(scaled), lambda match: _large(language, match), "cardinal"),
        Rule(
            re.compile(f"{number}{AFTER}{_LAST}{unknown}"),
            lambda match: _plain(language, match),
            "cardinal",
        ),
    )


def _money(language: Language, match: re.Match[str]) -> str:
    currency = language.currencies[match["name"]]
    digits, decimals = language.digits(match), match["d"] or ""
    has_cents = len(decimals) == _CENT_DIGITS and currency.cent is not None
    if has_cents and not match["scale"]:
        return _signed(language, match, _sum(language, currency, digits, decimals))
    return _amount(language, match, currency.whole)


def _measure(language: Language, match: re.Match[str]) -> str:
    return _amount(language, match, language.units[match["name"]])


def _large(language: Language, match: re.Match[str]) -> str:
    scale = language.scales[match["name"].casefold()]
    return _signed(language, match, _count(language, language.digits(match), match["d"], scale))


def _plain(language: Language, match: re.Match[str]) -> str | None:
    digits, decimals = language.digits(match), match["d"] or ""
    if not decimals and _WORD.match(match.string, match.end()) and language.is_gendered(digits):
        return None
    kind = language.kind
    return _signed(language, match, language.numbers.decimal(digits, decimals, kind, kind))


def _amount(language: Language, match: re.Match[str], noun: Noun) -> str:
    digits, decimals, scale = language.digits(match), match["d"], match["scale"]
    if not scale:
        return _signed(language, match, _count(language, digits, decimals, noun))
    large = _count(language, digits, decimals, language.scales[scale.casefold()])
    return _signed(language, match, f"{large} {language.of(noun.many)}{noun.many}")


def _sum(language: Language, currency: Currency, digits: str, decimals: str) -> str:
    cents = str(int(decimals))
    parts = []
    if int(digits) or not int(cents):
        parts.append(_count(language, digits, "", currency.whole))
    if int(cents) and currency.cent is not None:
        parts.append(_count(language, cents, "", currency.cent))
    return language.and_cents.join(parts)


def _count(language: Language, digits: str, decimals: str | None, noun: Noun) -> str:
    decimals = decimals or ""
    number = language.numbers.decimal(digits, decimals, noun.kind, language.kind)
    return f"{number} {noun.counted(digits, decimals)}"


def _signed(language: Language, match: re.Match[str], said: str) -> str:
    sign = match["sign"]
    if not sign:
        return said
    return f"{language.plus if sign == '+' else language.minus} {said}"


def _scale(language: Language, scales: Iterable[str]) -> str:
    return rf"(?:{_SPACE}(?P<scale>(?i:{_any_of(scales)}))(?!\w){language.written_of})?"


def _any_of(names: Iterable[str]) -> str:
    return "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
