"""Markers of emotion, tone and effect: plain text in brackets that a model acts out."""

import re

from engine.text.alignment import Draft

#: Those on the card of OpenAudio S1, and two that everybody writes.
_NAMED = (
    "amused|angry|anxious|astonished|audience laughing|awkward|background laughter|calm|"
    "chuckling|comforting|conciliative|confident|confused|crowd laughing|crying loudly|"
    "curious|delighted|denying|depressed|disapproving|disdainful|disgusted|embarrassed|"
    "empathetic|excited|frustrated|furious|grateful|groaning|guilty|happy|hesitating|hysterical|"
    "impatient|in a hurry tone|indifferent|interested|joyful|keen|laughing|moved|negative|"
    "nervous|painful|panicked|panting|proud|relaxed|reluctant|sad|sarcastic|satisfied|"
    "scared|scornful|screaming|serious|shouting|sighing|sincere|sneering|sobbing|"
    "soft tone|surprised|unhappy|upset|whispering|worried|yielding"
)
_KNOWN = rf"(?:\((?:{_NAMED})\)|\[(?:{_NAMED})\])"
#: In square brackets any words will do, but for the text of a link.
_MARKER = re.compile(rf"\((?:{_NAMED})\)|\[[a-z]{{3,}}(?:[ -][a-z]+){{0,4}}\](?!\()")
#: With one space, so that none is left at the beginning or in pairs.
_DROPPED = re.compile(rf"^(?:{_KNOWN}(?!\w) ?)+| ?(?<!\w){_KNOWN}(?!\w)")

#: "(background laughter)": no marker that is known by name is longer.
_MAX_OPEN_CHARS = 21
#: What a marker begins with.
OPENS_MARKER = "(["
_INSIDE = re.compile(r"[a-z )\]-]")


class MarkerFinder:
    """Tells of a text, one code point at a time, whether it ends in what may be a marker.

    That may be half a marker, or a whole one that nothing has followed.
    """

    def __init__(self) -> None:
        """Start before the first code point."""
        #: Where that begins, if there is one.
        self.start: int | None = None
        self._is_closed = False

    def step(self, char: str, here: int) -> None:
        """Take the code point at `here`; one that opens nothing may be left out outside of all."""
        if char in OPENS_MARKER:
            self.start, self._is_closed = here, False
        elif self.start is not None:
            is_short = here - self.start < _MAX_OPEN_CHARS
            is_inside = is_short and not self._is_closed and bool(_INSIDE.match(char))
            self._is_closed = char in ")]"
            self.start = self.start if is_inside else None


def keep_markers(draft: Draft) -> None:
    """Keep every marker as it is, whatever the rules that follow."""
    draft.substitute(_MARKER, lambda match: match[0])


def drop_markers(draft: Draft) -> None:
    """Drop the markers that are known by name, in brackets of either kind.

    Other words in square brackets may be an editor's: "that [they] had".
    """
    draft.substitute(_DROPPED, lambda _: "")
