"""French: what it counts, and its words for signs."""

from engine.text.normalization.french_calendar import calendar
from engine.text.normalization.language import Currency, Language, Noun
from engine.text.normalization.numbers import Numbers, load_rules

_MASCULINE, _FEMININE = "spellout-cardinal-masculine", "spellout-cardinal-feminine"


def _un(one: str, many: str | None = None) -> Noun:
    return Noun(one, many or f"{one}s", _MASCULINE)


def _une(one: str, many: str | None = None) -> Noun:
    return Noun(one, many or f"{one}s", _FEMININE)


_EURO = Currency(_un("euro"), _un("centime"), of="d'")
_DOLLAR = Currency(_un("dollar"), _un("cent"), of="de ")
_POUND = Currency(_une("livre"), _un("penny", "pence"), of="de ")
_YEN = Currency(_un("yen"), of="de ")
_FRANC = Currency(_un("franc"), _un("centime"), of="de ")
_CURRENCIES = {
    "€": _EURO, "EUR": _EURO, "$": _DOLLAR, "US$": _DOLLAR, "USD": _DOLLAR, "£": _POUND,
    "GBP": _POUND, "¥": _YEN, "JPY": _YEN, "CHF": _FRANC,
}  # fmt: skip
_UNITS = {
    "%": _un("pour cent", "pour cent"),
    "°C": _un("degré Celsius", "degrés Celsius"),
    "°F": _un("degré Fahrenheit", "degrés Fahrenheit"),
    "°": _un("degré"),
    "km/h": _un("kilomètre par heure", "kilomètres par heure"),
    "mm": _un("millimètre"), "cm": _un("centimètre"), "m": _un("mètre"), "km": _un("kilomètre"),
    "mg": _un("milligramme"), "g": _un("gramme"), "kg": _un("kilogramme"), "t": _une("tonne"),
    "ml": _un("millilitre"), "l": _un("litre"), "ms": _une("milliseconde"),
    "s": _une("seconde"), "min": _une("minute"), "Hz": _un("hertz", "hertz"),
    "kHz": _un("kilohertz", "kilohertz"), "MHz": _un("mégahertz", "mégahertz"),
    "GHz": _un("gigahertz", "gigahertz"), "W": _un("watt"), "kW": _un("kilowatt"),
    "kWh": _un("kilowattheure"), "Ko": _un("kilooctet"), "Mo": _un("mégaoctet"),
    "Go": _un("gigaoctet"), "To": _un("téraoctet"),
}  # fmt: skip
_SYMBOLS = {
    ".": "point", "/": "slash", "-": "tiret", "_": "tiret bas", "@": "arobase",
    ":": "deux-points", "+": "plus", "~": "tilde", "%": "pour cent", "=": "égal", "&": "et",
}  # fmt: skip
_SCALES = {
    "million": "million", "millions": "millions", "milliard": "milliard",
    "milliards": "milliards", "M": "millions", "Md": "milliards",
}  # fmt: skip


def french() -> Language:
    """Return French."""
    numbers = Numbers(load_rules("fr"), "virgule")
    return Language(
        numbers=numbers,
        kind=_MASCULINE,
        ordinal="spellout-ordinal-masculine",
        grouping="[ \u00a0\u202f]",
        decimal=",",
        minus="moins",
        plus="plus",
        to="à",
        symbols=_SYMBOLS,
        currencies=_CURRENCIES,
        and_cents=" et ",
        units=_UNITS,
        scales={name.casefold(): said for name, said in _SCALES.items()},
        own=calendar(numbers),
    )
