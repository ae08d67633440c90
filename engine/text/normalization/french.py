"""French: what it counts, and its words for signs."""

from collections.abc import Iterable

from engine.text.normalization.french_calendar import calendar
from engine.text.normalization.language import Currency, Language, Noun
from engine.text.normalization.numbers import Numbers, load_rules
from engine.text.normalization.units import units

_MASCULINE, _FEMININE = "spellout-cardinal-masculine", "spellout-cardinal-feminine"
_GENDERS = {"un": _MASCULINE, "une": _FEMININE}


class _Noun(Noun):
    """In French, there are many from two on: "1,5 million"."""

    def counted(self, digits: str, decimals: str = "") -> str:  # noqa: ARG002 what is whole decides
        return self.one if digits in ("0", "1") else self.many


def _noun(name: str) -> Noun:
    article, _, forms = name.partition(" ")
    one, _, many = forms.partition("|")
    return _Noun(one, many or f"{one}s", _GENDERS[article])


def _in_full(nouns: Iterable[Noun]) -> dict[str, Noun]:
    """Return them by what they are called: a name tells the gender as well as a symbol does."""
    return {form: noun for noun in nouns for form in (noun.one, noun.many)}


_EURO = Currency(_noun("un euro"), _noun("un centime"))
_DOLLAR = Currency(_noun("un dollar"), _noun("un cent"))
_POUND = Currency(_noun("une livre"), _noun("un penny|pence"))
_YEN = Currency(_noun("un yen"))
_FRANC = Currency(_noun("un franc"), _noun("un centime"))
_CURRENCIES = {
    "€": _EURO, "EUR": _EURO, "$": _DOLLAR, "US$": _DOLLAR, "USD": _DOLLAR, "£": _POUND,
    "GBP": _POUND, "¥": _YEN, "JPY": _YEN, "CHF": _FRANC,
    # No "livre": one that is masculine is a book.
    "euro": _EURO, "euros": _EURO, "dollar": _DOLLAR, "dollars": _DOLLAR, "yen": _YEN,
    "yens": _YEN, "franc": _FRANC, "francs": _FRANC,
}  # fmt: skip
_SYMBOLS = {
    ".": "point", "/": "slash", "-": "tiret", "_": "tiret bas", "@": "arobase",
    ":": "deux-points", "+": "plus", "~": "tilde", "%": "pour cent", "=": "égal", "&": "et",
}  # fmt: skip
_MILLION, _BILLION = _noun("un million"), _noun("un milliard")
_SCALES = {
    "million": _MILLION, "millions": _MILLION, "milliard": _BILLION, "milliards": _BILLION,
    "M": _MILLION, "Md": _BILLION,
}  # fmt: skip


def _of(name: str) -> str:
    return "d'" if name[0] in "aeiouéh" else "de "


def french() -> Language:
    """Return French."""
    numbers = Numbers(load_rules("fr"), "virgule")
    symbols = units("fr", _noun)
    return Language(
        numbers=numbers,
        kind=_MASCULINE,
        ordinal="spellout-ordinal-masculine",
        grouping="[ \u00a0\u2009\u202f]",
        decimal=",",
        minus="moins",
        plus="plus",
        to="à",
        symbols=_SYMBOLS,
        currencies=_CURRENCIES,
        and_cents=" et ",
        units=symbols | _in_full(symbols.values()),
        scales={name.casefold(): said for name, said in _SCALES.items()},
        written_of="(?: de(?= )| d['\u2019])?",
        of=_of,
        genders=tuple(_GENDERS.values()),
        own=calendar(numbers),
    )
