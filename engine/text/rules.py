"""What a request may ask of its text, before it is spoken."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class TextRules:
    """How written text becomes what is said.

    The words of `lexicon` are said as it says, whatever their case. With `normalizes`, what is made
    for the eye is written out by the rules of `language`, a BCP 47 tag.
    """

    lexicon: tuple[tuple[str, str], ...] = ()
    normalizes: bool = False
    language: str = ""
