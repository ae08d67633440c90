"""What the rules must know of a language."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.text.alignment import Draft, Say
from engine.text.normalization.numbers import Numbers


@dataclass(frozen=True, slots=True)
class Noun:
    """What is counted: for one, for many, and the kind of number that agrees with it."""

    one: str
    many: str
    kind: str

    def counted(self, digits: str, decimals: str = "") -> str:
        """Return the form that follows a number."""
        return self.one if digits == "1" and not decimals else self.many


@dataclass(frozen=True, slots=True)
class Currency:
    """A currency and its hundredth part; `of` joins it to a million."""

    whole: Noun
    cent: Noun | None = None
    of: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """What is found by `pattern` is said as `say` says it.

    `kind` is what that is, where text may be marked as one: "date".
    """

    pattern: re.Pattern[str]
    say: Say
    kind: str = ""

    def __call__(self, draft: Draft) -> None:
        """Apply it."""
        draft.substitute(self.pattern, self.say)


@dataclass(frozen=True, kw_only=True)
class Language:
    """A language: how it writes numbers, and its words for what stands around them."""

    #: Says its numbers.
    numbers: Numbers
    #: How a number that counts nothing is said.
    kind: str
    #: How one is said that counts nothing either, but orders.
    ordinal: str
    #: Between thousands, and before decimals, as regular expressions.
    grouping: str
    decimal: str
    minus: str
    plus: str
    #: Between two numbers with a dash.
    to: str
    #: Of an address: what its characters are called.
    symbols: Mapping[str, str]
    #: By symbol and by ISO 4217 code.
    currencies: Mapping[str, Currency]
    #: Joins a sum and its cents.
    and_cents: str
    units: Mapping[str, Noun]
    #: Words for large numbers that may stand between a number and its currency.
    scales: Mapping[str, str] = field(default_factory=dict)
    #: Ordinals, dates and times, whose form is the language's own; applied in order, before others.
    own: tuple[Rule, ...] = ()

    @property
    def number(self) -> str:
        """A regular expression for a number, with the groups `n` (digits) and `d` (decimals)."""
        grouped = rf"[0-9]{{1,3}}(?:{self.grouping}[0-9]{{3}})+"
        return rf"(?P<n>{grouped}|[0-9]+)(?:{self.decimal}(?P<d>[0-9]+))?"

    def digits(self, match: re.Match[str]) -> str:
        """Return the digits of a number without its groups."""
        return re.sub("[^0-9]", "", match["n"])


#: What may not stand before a number, and after one, or it is part of something else: a name, a
#: version, an address.
BEFORE = r"(?<![\w.,:/+-])"
AFTER = r"(?![\w/]|[.,:-][0-9])"
