"""What a request asks of its text."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from engine.errors import NormalizationMissing
from engine.text.normalization.steps import has_rules, normalization
from engine.text.rules import TextRules
from protocol.codes import ErrorCode
from server.errors import RequestError


def text_rules(
    lexicon: Mapping[str, str] | None,
    *,
    normalizes: bool,
    may_normalize: bool,
    languages: Sequence[str],
) -> TextRules | None:
    """Return what to ask of the engine; None where all text is said as it is written.

    The text is in one of `languages`, most likely in the first. What `may` be normalized is where
    that can be done.

    Raises:
        RequestError: `unsupported`, where a library that writes text out is not installed.
    """
    language = languages[0] if languages else ""
    normalizes = normalizes or (may_normalize and _can_normalize(languages))
    if not normalizes and not lexicon:
        return None
    try:
        if normalizes:
            normalization(language)
    except NormalizationMissing as error:
        raise RequestError(ErrorCode.UNSUPPORTED, str(error)) from error
    return TextRules(
        lexicon=tuple((lexicon or {}).items()), normalizes=normalizes, language=language
    )


def with_lexicon_below(rules: TextRules | None, lexicon: Mapping[str, str]) -> TextRules | None:
    """Return `rules` with more words, which are said as these say where both know one."""
    if not lexicon:
        return rules
    rules = rules or TextRules()
    # Of entries for one word, whatever its case, the last one counts.
    return replace(rules, lexicon=(*lexicon.items(), *rules.lexicon))


def _can_normalize(languages: Sequence[str]) -> bool:
    """Tell whether there are rules, and of which language the text is."""
    if len({tag.lower().partition("-")[0] for tag in languages}) != 1:
        return False
    try:
        return has_rules(languages[0]) and bool(normalization(languages[0]))
    except NormalizationMissing:
        return False
