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


def keep_markers(draft: Draft) -> None:
    """Keep every marker as it is, whatever the rules that follow."""
    draft.substitute(_MARKER, lambda match: match[0])


def drop_markers(draft: Draft) -> None:
    """Drop the markers that are known by name, in brackets of either kind.

    Other words in square brackets may be an editor's: "that [they] had".
    """
    draft.substitute(_DROPPED, lambda _: "")
