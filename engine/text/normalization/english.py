"""English: what it counts, and its words for signs."""

from engine.text.normalization.english_calendar import calendar
from engine.text.normalization.language import Currency, Language, Noun
from engine.text.normalization.numbers import Numbers, load_rules

_CARDINAL = "spellout-cardinal"


def _noun(one: str, many: str | None = None) -> Noun:
    return Noun(one, many or f"{one}s", _CARDINAL)


_CENT = _noun("cent")
_DOLLAR, _EURO = Currency(_noun("dollar"), _CENT), Currency(_noun("euro"), _CENT)
_POUND, _YEN = Currency(_noun("pound"), _noun("penny", "pence")), Currency(_noun("yen", "yen"))
_CURRENCIES = {
    "$": _DOLLAR, "US$": _DOLLAR, "USD": _DOLLAR, "€": _EURO, "EUR": _EURO, "£": _POUND,
    "GBP": _POUND, "¥": _YEN, "JPY": _YEN,
    "CHF": Currency(_noun("franc"), _noun("rappen", "rappen")),
    "₹": Currency(_noun("rupee"), _noun("paisa", "paise")),
}  # fmt: skip
_UNITS = {
    "%": _noun("percent", "percent"),
    "°C": _noun("degree Celsius", "degrees Celsius"),
    "°F": _noun("degree Fahrenheit", "degrees Fahrenheit"),
    "°": _noun("degree"),
    "km/h": _noun("kilometre per hour", "kilometres per hour"),
    "mph": _noun("mile per hour", "miles per hour"),
    "mm": _noun("millimetre"), "cm": _noun("centimetre"), "m": _noun("metre"),
    "km": _noun("kilometre"), "mg": _noun("milligram"), "g": _noun("gram"),
    "kg": _noun("kilogram"), "lb": _noun("pound"), "lbs": _noun("pound"), "oz": _noun("ounce"),
    "ft": _noun("foot", "feet"), "ml": _noun("millilitre"), "l": _noun("litre"),
    "ms": _noun("millisecond"), "min": _noun("minute"), "h": _noun("hour"),
    "Hz": _noun("hertz", "hertz"), "kHz": _noun("kilohertz", "kilohertz"),
    "MHz": _noun("megahertz", "megahertz"), "GHz": _noun("gigahertz", "gigahertz"),
    "W": _noun("watt"), "kW": _noun("kilowatt"), "kWh": _noun("kilowatt hour"),
    "KB": _noun("kilobyte"), "MB": _noun("megabyte"), "GB": _noun("gigabyte"),
    "TB": _noun("terabyte"),
}  # fmt: skip
_SYMBOLS = {
    ".": "dot", "/": "slash", "-": "dash", "_": "underscore", "@": "at", ":": "colon",
    "+": "plus", "~": "tilde", "%": "percent", "=": "equals", "&": "and",
}  # fmt: skip
_SCALES = {word: word for word in ("thousand", "million", "billion", "trillion")}
_SCALES |= {"k": "thousand", "m": "million", "bn": "billion"}


def english(*, month_first: bool) -> Language:
    """Return English, which writes 3/4/2026 with the month first or the day."""
    numbers = Numbers(load_rules("en"), "point")
    return Language(
        numbers=numbers,
        kind=_CARDINAL,
        ordinal="spellout-ordinal",
        grouping=",",
        decimal=r"\.",
        minus="minus",
        plus="plus",
        to="to",
        symbols=_SYMBOLS,
        currencies=_CURRENCIES,
        and_cents=" and ",
        units=_UNITS,
        scales=_SCALES,
        own=calendar(numbers, month_first=month_first),
    )
