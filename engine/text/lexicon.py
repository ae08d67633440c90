"""A pronunciation lexicon: words, and what is said instead of them."""

import re
from collections.abc import Iterable

from engine.text.alignment import Draft

#: What counts as one word, the longest first: "U.S." before a word at the end of a sentence, and
#: "C++" or "node.js" before the parts of what nobody listed.
_WORDS = (
    re.compile(r"\w[\w.+#&'\u2019-]*"),
    re.compile(r"\w(?:[\w.+#&'\u2019-]*[\w+#])?"),
    re.compile(r"\w+"),
)


class Lexicon:
    """Entries that are looked up as whole words, whatever their case."""

    def __init__(self, entries: Iterable[tuple[str, str]]) -> None:
        """Take words, and what is said instead of each."""
        self._said = {word.casefold(): said for word, said in entries}

    def __call__(self, draft: Draft) -> None:
        """Replace the words that have an entry."""
        if self._said:
            for words in _WORDS:
                draft.substitute(words, lambda match: self._said.get(match[0].casefold()))
