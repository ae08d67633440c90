"""What the rules must know of a language."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

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
    """A currency and its hundredth part."""

    whole: Noun
    cent: Noun | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """What is found by `pattern` is said as `say` says it; no later rule sees it.

    `kind` is what that is, where text may be marked as one: "date".
    """

    pattern: re.Pattern[str]
    say: Say
    kind: str = ""

    def __call__(self, draft: Draft) -> None:
        """Apply it."""
        draft.substitute(self.pattern, self.say)


def as_written(match: re.Match[str]) -> str:
    """Say what is written: for what no rule is sure of, and none should read in part."""
    return match[0]


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
    #: Words for large numbers that may stand between a number and what it counts, in small letters.
    scales: Mapping[str, Noun]
    #: What joins them to it in writing, as a regular expression, and what does in speech.
    written_of: str = ""
    of: Callable[[str], str] = lambda _: ""
    #: The kinds of number that agree with the genders of what is counted.
    genders: tuple[str, ...] = ()
    #: Ordinals, dates and times, whose form is the language's own; applied in order, before others.
    own: tuple[Rule, ...] = ()

    @property
    def number(self) -> str:
        """A regular expression for a number, with the groups `n` (digits) and `d` (decimals)."""
        grouped = rf"[1-9][0-9]{{0,2}}(?:{self.grouping}[0-9]{{3}})+"
        return rf"(?P<n>{grouped}|[0-9]+)(?:{self.decimal}(?P<d>[0-9]+))?"

    def digits(self, match: re.Match[str]) -> str:
        """Return the digits of a number without its groups."""
        return re.sub("[^0-9]", "", match["n"])

    def is_gendered(self, digits: str) -> bool:
        """Tell whether a number is said otherwise for each gender: "un", "une"."""
        return len({self.numbers.whole(digits, kind) for kind in self.genders}) > 1


#: What may not stand before a number, and after one, or it is part of something else: a name, a
#: version, an address. An underscore may be emphasis: "_5 km_".
BEFORE = r"(?<![^\W_])(?<![^\W_]_)(?<![.,:/+#^%°$€£¥₹-])"
AFTER = r"(?![\w/^]|[.,:-][0-9]|,[-\u2013])"
