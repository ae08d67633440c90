"""English: what it counts, and its words for signs."""

from engine.text.normalization.english_calendar import calendar
from engine.text.normalization.language import Currency, Language, Noun
from engine.text.normalization.numbers import Numbers, load_rules
from engine.text.normalization.units import units

_CARDINAL = "spellout-cardinal"


def _noun(name: str) -> Noun:
    one, _, many = name.partition("|")
    return Noun(one, many or f"{one}s", _CARDINAL)


_CENT = _noun("cent")
_DOLLAR, _EURO = Currency(_noun("dollar"), _CENT), Currency(_noun("euro"), _CENT)
_POUND, _YEN = Currency(_noun("pound"), _noun("penny|pence")), Currency(_noun("yen|yen"))
_CURRENCIES = {
    "$": _DOLLAR, "US$": _DOLLAR, "USD": _DOLLAR, "€": _EURO, "EUR": _EURO, "£": _POUND,
    "GBP": _POUND, "¢": Currency(_CENT), "¥": _YEN, "JPY": _YEN,
    "CHF": Currency(_noun("franc"), _noun("rappen|rappen")),
    "₹": Currency(_noun("rupee"), _noun("paisa|paise")),
}  # fmt: skip
_SYMBOLS = {
    ".": "dot", "/": "slash", "-": "dash", "_": "underscore", "@": "at", ":": "colon",
    "+": "plus", "~": "tilde", "%": "percent", "=": "equals", "&": "and",
}  # fmt: skip
_SCALES = {word: _noun(f"{word}|{word}") for word in ("thousand", "million", "billion", "trillion")}
_SCALES |= {"k": _SCALES["thousand"], "m": _SCALES["million"], "bn": _SCALES["billion"]}


def english(*, month_first: bool) -> Language:
    """Return English, which writes 3/4/2026 with the month first or the day."""
    numbers = Numbers(load_rules("en"), "point")
    return Language(
        numbers=numbers,
        kind=_CARDINAL,
        ordinal="spellout-ordinal",
        # A space in a line may part two numbers, but for round ones.
        grouping="(?:[,\u00a0\u2009\u202f]| (?=000))",
        decimal=r"\.",
        minus="minus",
        plus="plus",
        to="to",
        symbols=_SYMBOLS,
        currencies=_CURRENCIES,
        and_cents=" and ",
        units=units("en", _noun),
        scales=_SCALES,
        own=calendar(numbers, month_first=month_first),
    )
