"""Numbers in words, by the rules that the Unicode CLDR keeps for each language (RBNF)."""

from functools import lru_cache
from typing import TYPE_CHECKING

from engine.errors import NormalizationMissing

if TYPE_CHECKING:
    from unicode_rbnf import RbnfEngine

#: A longer number is an identifier, and is read digit by digit; the rules end at 10**18.
MAX_DIGITS = 15
#: Numbers that are kept in words: a text counts and dates with few, and one takes up to 200 us.
_KEPT = 1_024


def load_rules(language: str) -> "RbnfEngine":
    """Return the rules of a language.

    Raises:
        NormalizationMissing: their library is not installed.
    """
    try:
        # An extra, and a third of a second: only who asks for it pays.
        from unicode_rbnf import RbnfEngine
    except ImportError as error:
        raise NormalizationMissing from error
    return RbnfEngine.for_language(language)


class Numbers:
    """Says numbers in one language. A kind is the name of a rule set: `spellout-ordinal`."""

    def __init__(self, rules: "RbnfEngine", decimal_mark: str) -> None:
        """Say numbers by `rules`, and `decimal_mark` before decimals."""
        self._rules = rules
        self._decimal_mark = decimal_mark
        self.say = lru_cache(_KEPT)(self._say)

    def _say(self, number: int, kind: str) -> str:
        return self._rules.format_number(number, ruleset_names=[kind]).text

    def digits(self, digits: str, kind: str) -> str:
        """Say each of `digits`."""
        return " ".join(self.say(int(digit), kind) for digit in digits)

    def whole(self, digits: str, kind: str) -> str:
        """Say a number, but digit by digit if it is an identifier: "007", or a very long one."""
        if len(digits) > MAX_DIGITS or (len(digits) > 1 and digits.startswith("0")):
            return self.digits(digits, kind)
        return self.say(int(digits), kind)

    def decimal(self, digits: str, decimals: str, kind: str, digit_kind: str) -> str:
        """Say a number; `kind` is for one without decimals, `digit_kind` for all others."""
        if not decimals:
            return self.whole(digits, kind)
        words = self.whole(digits, digit_kind), self._decimal_mark
        return " ".join((*words, self.digits(decimals, digit_kind)))
