"""Emojis are seen, not said."""

import re
from collections.abc import Iterator

from engine.errors import NormalizationMissing
from engine.text.alignment import Draft

#: Where one may begin: quick to look for, and absent from most text.
_CANDIDATE = re.compile(
    "[\u00a9\u00ae\u203c\u2049\u20e3\u2122-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001fbff]"
)
#: Signs that are text unless a variation selector makes a picture of them.
_SIGNS = frozenset("©®™")


class DropEmojis:
    """Drops every emoji, with one space before it."""

    def __init__(self) -> None:
        """Load what knows them.

        Raises:
            NormalizationMissing: its library is not installed.
        """
        try:
            # An extra, and a tenth of a second: only who asks for it pays.
            from emoji import emoji_list
        except ImportError as error:
            raise NormalizationMissing from error
        self._list = emoji_list

    def __call__(self, draft: Draft) -> None:
        """Drop them."""
        draft.replace(self._find)

    def _find(self, text: str) -> Iterator[tuple[int, int, str]]:
        if not _CANDIDATE.search(text):
            return
        for found in self._list(text):
            begin, end = found["match_start"], found["match_end"]
            if found["emoji"] not in _SIGNS:
                yield begin - text.startswith(" ", max(begin - 1, 0), begin), end, ""
