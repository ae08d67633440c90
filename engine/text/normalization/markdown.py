"""Markdown: its marks are not said, whatever the language."""

import re
from collections.abc import Iterator

from engine.text.alignment import Draft
from engine.text.normalization.language import Rule


def _dropped(pattern: str) -> Rule:
    return Rule(re.compile(pattern, re.MULTILINE), lambda _: "")


_BARE_LINK = re.compile(r"<(?:mailto:)?(?=https?://|[^\s<>@]+@)[^\s<>]+>")


def _unwrap(draft: Draft) -> None:
    """Drop the brackets of `<https://a.com>`; the address in them is for other rules."""
    draft.replace(_brackets)


def _brackets(text: str) -> Iterator[tuple[int, int, str]]:
    for link in _BARE_LINK.finditer(text):
        begin, end = link.span()
        yield begin, begin + len("<mailto:" if link[0].startswith("<mailto:") else "<"), ""
        yield end - 1, end, ""


#: A link's end may come in another segment than its text, so both are found by themselves.
LINKS = (
    _unwrap,
    _dropped(r"!?\[(?=[^\[\]\n]*\]\()"),
    _dropped(r"\]\((?:[^()\s]|\([^()\s]*\))*(?: \"[^\"\n]*\")?\)"),
)

#: Everything else. Addresses are said before, since they may have the same characters in them.
MARKS = (
    _dropped(r"^[ \t]*(?:```|~~~)[\w+-]*$"),
    _dropped(r"^[ \t]*(?:-{3,}|\*{3,}|_{3,})[ \t]*$"),
    _dropped(r"^[ \t]*\|?(?:[ \t]*:?-+:?[ \t]*\|)+(?:[ \t]*:?-+:?)?[ \t]*$"),
    _dropped(r"^[ \t]*#{1,6}[ \t]+|^[ \t]*(?:>[ \t]?)+|^[ \t]*[-*+][ \t]+(?:\[[ xX]\][ \t]+)?"),
    Rule(re.compile(r"(?<=\S)[ \t]+\|[ \t]+(?=\S)"), lambda _: ", "),
    _dropped(r"^[ \t]*\|[ \t]*|[ \t]*\|[ \t]*$"),
    # Emphasis touches what it emphasises, be it something that was replaced before.
    _dropped(r"(?<![\w*])\*{1,3}(?![\s*])|(?<![\s*])\*{1,3}(?![\w*])"),
    _dropped(r"(?<=[^\W\d_])\*{2,3}(?=\w)|(?<=\w)\*{2,3}(?=[^\W\d_])|~~"),
    _dropped(r"(?<!\w)_{1,3}(?![\s_])|(?<![\s_])_{1,3}(?!\w)"),
    _dropped(r"`+"),
)
