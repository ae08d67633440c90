"""Full stops that end no sentence.

The tables are small on purpose. A border missed costs a moment, as the next one is near; a border
too many splits a name from its title. So they hold what a spoken text is likely to contain, and
leave out what is also a common word: an entry with a capital matches only with it.
"""

from enum import Enum


class Stop(Enum):
    """What a full stop after a certain token means."""

    #: The sentence goes on: "Mr. Smith".
    NEVER_ENDS = "never ends"
    #: It ends only if a capital letter follows: "etc. Then".
    ENDS_BEFORE_CAPITAL = "ends before a capital"
    #: It ends unless a number follows: "No. 5", but "No. I will not."
    ENDS_UNLESS_NUMBER = "ends unless a number follows"


def _table(*lines: str) -> frozenset[str]:
    return frozenset(" ".join(lines).split())


#: The longest token that is looked up, dots included; everything longer is a word.
LONGEST_TOKEN = 10

#: Titles and connecting words that always have something after them.
_NEVER_ENDS = _table(
    # English
    "mr mrs ms messrs dr prof rev st mt ft vs cf approx dept Gen Col Capt Lt Sgt Cpl Gov Sen Rep ",
    "Hon Pres viz ph.d",
    # German
    "bzw ca evtl ggf inkl exkl vgl Hr Fr sog zzgl",
    # French
    "mme mlle mgr env",
    # Spanish and Portuguese
    "sr sra srta dra ud uds vd exmo exma av",
    # Italian
    "sig dott avv prof.ssa",
    # Dutch
    "dhr mevr mw bijv",
    # Swedish, Danish, Norwegian
    "bl.a t.ex f.eks",
    # Polish and Czech
    "np tzn tzw ul tzv např",
    # Russian and Ukrainian
    "ул просп им вул",
    # Hindi
    "डॉ",
)

#: Ends of lists, companies and times of day: a sentence may end with them.
_ENDS_BEFORE_CAPITAL = _table(
    "etc Inc Ltd Co Corp Bros jr Ave Blvd Rd a.m p.m usw ecc itd itp atd vb т.д т.п др ",
    "Jan Feb Aug Sept Oct Nov Dec",
)

#: Words for a number that follows.
_ENDS_UNLESS_NUMBER = _table("No Nos nr Fig Vol Art Abs pp núm стр")

#: Ordinals are written "3." in German and others; dates and lists need no larger ones.
_ORDINAL_DIGITS = 2
#: Between the dots of an abbreviation ("U.S.", "Ph.D.") stand one or two letters.
_DOTTED_PART = 2


def classify(token: str) -> Stop | None:
    """Return what a full stop after `token` means; `None` where it ends the sentence."""
    if token in _ENDS_BEFORE_CAPITAL or token.lower() in _ENDS_BEFORE_CAPITAL:
        return Stop.ENDS_BEFORE_CAPITAL
    if token in _ENDS_UNLESS_NUMBER or token.lower() in _ENDS_UNLESS_NUMBER:
        return Stop.ENDS_UNLESS_NUMBER
    if token in _NEVER_ENDS or token.lower() in _NEVER_ENDS or _is_shortened(token):
        return Stop.NEVER_ENDS
    return None


def _is_shortened(token: str) -> bool:
    """Tell initials ("J"), dotted letters ("U.S") and ordinals ("3") by their form."""
    if token.isdigit():
        return len(token) <= _ORDINAL_DIGITS
    parts = token.split(".")
    longest = 1 if len(parts) == 1 else _DOTTED_PART
    return all(part.isalpha() and len(part) <= longest for part in parts)
