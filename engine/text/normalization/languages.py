"""The languages that have rules, by BCP 47 tag."""

from collections.abc import Callable
from functools import cache, partial

from engine.text.normalization.english import english
from engine.text.normalization.french import french
from engine.text.normalization.german import german
from engine.text.normalization.language import Language

_LANGUAGES: dict[str, Callable[[], Language]] = {
    "de": german,
    "en": partial(english, month_first=True),
    "en-gb": partial(english, month_first=False),
    "fr": french,
}
#: What `name_of` returns.
NAMES = tuple(_LANGUAGES)


def name_of(tag: str) -> str | None:
    """Return the name of a tag's rules; None if it has none."""
    primary, _, rest = tag.lower().partition("-")
    if primary == "en" and rest not in ("", "us"):
        # The United States alone put the month before the day.
        return "en-gb"
    return primary if primary in _LANGUAGES else None


@cache
def language_named(name: str) -> Language:
    """Return one of `NAMES`.

    Raises:
        NormalizationMissing: a library for it is not installed.
    """
    return _LANGUAGES[name]()
