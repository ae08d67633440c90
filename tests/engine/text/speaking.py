"""What is said for a text."""

from collections.abc import Mapping

from engine.text.rewriter import Rewriter
from engine.text.rules import TextRules
from engine.text.segment import Segment


def rewritten(text: str, language: str = "en", lexicon: Mapping[str, str] | None = None) -> Segment:
    """Return `text` as a segment, normalised in `language` unless that is empty.

    It is for a model that acts markers out, as S1 does.
    """
    entries = tuple((lexicon or {}).items())
    rules = TextRules(lexicon=entries, normalizes=bool(language), language=language)
    return Rewriter(rules, acts_markers=True).rewrite(Segment(text, 0, len(text)))


def said(text: str, language: str = "en", lexicon: Mapping[str, str] | None = None) -> str:
    """Return what is said for `text`."""
    return rewritten(text, language, lexicon).text
