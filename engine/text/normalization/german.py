"""German: what it counts, and its words for signs."""

from engine.text.normalization.german_calendar import calendar
from engine.text.normalization.language import Currency, Language, Noun
from engine.text.normalization.numbers import Numbers, load_rules
from engine.text.normalization.units import units

_GENDERS = {
    article: f"spellout-cardinal-{gender}"
    for article, gender in (("der", "masculine"), ("die", "feminine"), ("das", "neuter"))
}


def _noun(name: str) -> Noun:
    article, _, forms = name.partition(" ")
    one, _, many = forms.partition("|")
    return Noun(one, many or one, _GENDERS[article])


_CENT = _noun("der Cent")
_DOLLAR, _EURO = Currency(_noun("der Dollar"), _CENT), Currency(_noun("der Euro"), _CENT)
_POUND, _YEN = Currency(_noun("das Pfund"), _noun("der Penny|Pence")), Currency(_noun("der Yen"))
_FRANC = Currency(_noun("der Franken"), _noun("der Rappen"))
_CURRENCIES = {
    "€": _EURO, "EUR": _EURO, "Euro": _EURO, "$": _DOLLAR, "US$": _DOLLAR, "USD": _DOLLAR,
    "£": _POUND, "GBP": _POUND, "¥": _YEN, "JPY": _YEN, "CHF": _FRANC, "ct": Currency(_CENT),
}  # fmt: skip
_SYMBOLS = {
    ".": "Punkt", "/": "Schrägstrich", "-": "Bindestrich", "_": "Unterstrich", "@": "at",
    ":": "Doppelpunkt", "+": "plus", "~": "Tilde", "%": "Prozent", "=": "gleich", "&": "und",
}  # fmt: skip
_THOUSAND, _MILLION, _BILLION = map(
    _noun, ("das tausend", "die Million|Millionen", "die Milliarde|Milliarden")
)
_SCALES = {
    "Tsd.": _THOUSAND, "Mio.": _MILLION, "Mio": _MILLION, "Million": _MILLION,
    "Millionen": _MILLION, "Mrd.": _BILLION, "Mrd": _BILLION, "Milliarde": _BILLION,
    "Milliarden": _BILLION,
}  # fmt: skip


def german() -> Language:
    """Return German."""
    numbers = Numbers(load_rules("de"), "Komma")
    return Language(
        numbers=numbers,
        kind="spellout-numbering",
        ordinal="spellout-ordinal",
        # A space in a line may part two numbers, but for round ones.
        grouping="(?:[.\u00a0\u2009\u202f\u2019']| (?=000))",
        decimal=",",
        minus="minus",
        plus="plus",
        to="bis",
        symbols=_SYMBOLS,
        currencies=_CURRENCIES,
        and_cents=" und ",
        units=units("de", _noun),
        scales={name.casefold(): said for name, said in _SCALES.items()},
        genders=tuple(_GENDERS.values()),
        own=calendar(numbers),
    )
