"""What a request asks of its text."""

from collections.abc import Mapping
from dataclasses import replace

from engine.errors import NormalizationMissing
from engine.text.normalization.steps import normalization
from engine.text.rules import TextRules
from protocol.codes import ErrorCode
from server.errors import RequestError


def text_rules(
    lexicon: Mapping[str, str] | None, *, normalizes: bool, language: str
) -> TextRules | None:
    """Return what to ask of the engine; None where all text is said as it is written.

    Raises:
        RequestError: `unsupported`, where a library that writes text out is not installed.
    """
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
