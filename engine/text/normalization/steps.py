"""The rules of a language, in the order in which they apply."""

import re
from collections.abc import Callable
from functools import cache
from typing import TypeAlias

from engine.text.alignment import Draft
from engine.text.normalization.addresses import addresses
from engine.text.normalization.amounts import SPAN, amounts
from engine.text.normalization.emojis import DropEmojis
from engine.text.normalization.languages import NAMES, language_named, name_of
from engine.text.normalization.markdown import LINKS, MARKS

_ADDRESS = re.compile(r"://|@|\w\.\w")
_BRACKET = re.compile(r"[\[\]<]")
_DIGIT = re.compile("[0-9]")
_MARK = re.compile(r"[*_`~#>|+-]")

Step: TypeAlias = Callable[[Draft], None]


def normalization(tag: str) -> tuple[Step, ...]:
    """Return the steps that write out text in the language of a BCP 47 tag.

    A language without rules has only those that are the same in all. What `load` has not loaded is
    loaded now. Any thread may call it.

    Raises:
        NormalizationMissing: a library for them is not installed.
    """
    return _steps(name_of(tag))


def has_rules(tag: str) -> bool:
    """Tell whether there are rules for the language of a BCP 47 tag."""
    return name_of(tag) is not None


def load() -> None:
    """Load the rules of all languages, which takes half a second the first time.

    Raises:
        NormalizationMissing: a library for them is not installed.
    """
    for name in (None, *NAMES):
        _steps(name)


@cache
def _steps(name: str | None) -> tuple[Step, ...]:
    links, marks = _Where(_BRACKET, LINKS), _Where(_MARK, MARKS)
    if name is None:
        return (links, DropEmojis(), marks)
    language = language_named(name)
    return (
        links,
        _Where(_ADDRESS, addresses(language)),
        DropEmojis(),
        marks,
        _Where(_DIGIT, (SPAN, *language.own, *amounts(language))),
    )


class _Where:
    """Rules that each need something to be there, which most text has none of."""

    def __init__(self, needed: re.Pattern[str], rules: tuple[Step, ...]) -> None:
        self._needed = needed
        self._rules = rules

    def __call__(self, draft: Draft) -> None:
        if draft.has(self._needed):
            for rule in self._rules:
                rule(draft)
