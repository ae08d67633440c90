"""German: what it counts, and its words for signs."""

from engine.text.normalization.german_calendar import calendar
from engine.text.normalization.language import Currency, Language, Noun
from engine.text.normalization.numbers import Numbers, load_rules

_MASCULINE, _FEMININE, _NEUTER = (
    f"spellout-cardinal-{gender}" for gender in ("masculine", "feminine", "neuter")
)


def _der(one: str, many: str | None = None) -> Noun:
    return Noun(one, many or one, _MASCULINE)


def _die(one: str, many: str) -> Noun:
    return Noun(one, many, _FEMININE)


def _das(one: str, many: str | None = None) -> Noun:
    return Noun(one, many or one, _NEUTER)


_CENT = _der("Cent")
_DOLLAR, _EURO = Currency(_der("Dollar"), _CENT), Currency(_der("Euro"), _CENT)
_POUND, _YEN = Currency(_das("Pfund"), _der("Penny", "Pence")), Currency(_der("Yen"))
_FRANC = Currency(_der("Franken"), _der("Rappen"))
_CURRENCIES = {
    "€": _EURO, "EUR": _EURO, "Euro": _EURO, "$": _DOLLAR, "US$": _DOLLAR, "USD": _DOLLAR,
    "£": _POUND, "GBP": _POUND, "¥": _YEN, "JPY": _YEN, "CHF": _FRANC,
}  # fmt: skip
_UNITS = {
    "%": _das("Prozent"),
    "°C": _das("Grad Celsius"),
    "°F": _das("Grad Fahrenheit"),
    "°": _das("Grad"),
    "km/h": _der("Kilometer pro Stunde"),
    "mm": _der("Millimeter"), "cm": _der("Zentimeter"), "m": _der("Meter"),
    "km": _der("Kilometer"), "mg": _das("Milligramm"), "g": _das("Gramm"),
    "kg": _das("Kilogramm"), "t": _die("Tonne", "Tonnen"), "ml": _der("Milliliter"),
    "l": _der("Liter"), "ms": _die("Millisekunde", "Millisekunden"),
    "s": _die("Sekunde", "Sekunden"), "min": _die("Minute", "Minuten"),
    "h": _die("Stunde", "Stunden"), "Std.": _die("Stunde", "Stunden"),
    "Hz": _das("Hertz"), "kHz": _das("Kilohertz"), "MHz": _das("Megahertz"),
    "GHz": _das("Gigahertz"), "W": _das("Watt"), "kW": _das("Kilowatt"),
    "kWh": _die("Kilowattstunde", "Kilowattstunden"),
    "KB": _das("Kilobyte"), "MB": _das("Megabyte"), "GB": _das("Gigabyte"), "TB": _das("Terabyte"),
}  # fmt: skip
_SYMBOLS = {
    ".": "Punkt", "/": "Schrägstrich", "-": "Bindestrich", "_": "Unterstrich", "@": "at",
    ":": "Doppelpunkt", "+": "plus", "~": "Tilde", "%": "Prozent", "=": "gleich", "&": "und",
}  # fmt: skip
_SCALES = {
    "Tsd.": "tausend", "Mio.": "Millionen", "Mio": "Millionen", "Millionen": "Millionen",
    "Mrd.": "Milliarden", "Mrd": "Milliarden", "Milliarden": "Milliarden",
}  # fmt: skip


def german() -> Language:
    """Return German."""
    numbers = Numbers(load_rules("de"), "Komma")
    return Language(
        numbers=numbers,
        kind="spellout-numbering",
        ordinal="spellout-ordinal",
        grouping=r"[.\u00a0\u202f\u2019']",
        decimal=",",
        minus="minus",
        plus="plus",
        to="bis",
        symbols=_SYMBOLS,
        currencies=_CURRENCIES,
        and_cents=" und ",
        units=_UNITS,
        scales={name.casefold(): said for name, said in _SCALES.items()},
        own=calendar(numbers),
    )
