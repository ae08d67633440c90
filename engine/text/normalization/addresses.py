"""Addresses of pages and of people, spelled as one would on the telephone."""

import re

from engine.text.normalization.language import Language, Rule

_HOST = r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z]{2,24}"
#: Without `https://` or `www.` only these tell an address from a missing space.
_TOP = "com|org|net|edu|gov|info|app|dev|io|ai|eu|uk|us|de|at|ch|fr|be|ca"
#: Its last character is none that ends a sentence.
_PATH = r"(?::[0-9]{1,5})?(?:/(?:[^\s?#]*[\w/])?)?"
#: Nobody can follow these by ear.
_QUERY = r"(?:[?#](?:\S*[\w/=])?)?"
_PAGE = re.compile(
    rf"(?<![\w.@/-])(?:https?://(?P<url>(?:{_HOST}|localhost){_PATH}){_QUERY}"
    rf"|(?P<www>www\.{_HOST}{_PATH}){_QUERY}"
    rf"|(?P<bare>(?:[A-Za-z0-9-]+\.)+(?:{_TOP})(?![\w.@-]*[\w@]){_PATH}){_QUERY})"
)
_MAIL = re.compile(rf"(?<![\w.+-])[\w+-]+(?:\.[\w+-]+)*@{_HOST}(?![\w@])")
_PART = re.compile(r"[^\W\d_]+|[0-9]+|.", re.DOTALL)


def addresses(language: Language) -> tuple[Rule, ...]:
    """Return the rules for e-mail addresses and those of pages."""
    return (
        Rule(_MAIL, lambda match: _spell(language, match[0])),
        Rule(_PAGE, lambda match: _spell(language, match["url"] or match["www"] or match["bare"])),
    )


def _spell(language: Language, address: str) -> str:
    return " ".join(_say(language, part[0]) for part in _PART.finditer(address.rstrip("/")))


def _say(language: Language, part: str) -> str:
    if part[0] in "0123456789":
        return language.numbers.digits(part, language.kind)
    if part.lower() == "www":
        return " ".join(part.lower())
    return language.symbols.get(part, part)
