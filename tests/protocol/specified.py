"""The tables of the specification as data: what a type takes at its edges, and refuses beyond."""

import math
import re
from dataclasses import dataclass

from tests.protocol.diagram import README

#: Its numbers in letters that Python reads.
TEXT = README.read_text(encoding="utf-8").replace("\N{MINUS SIGN}", "-")
_EXPONENTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_NUMBER = r"-?[\d.]+[⁰¹²³⁴⁵⁶⁷⁸⁹]*(?:-1)?"
_POWER = re.compile(r"(\d+)([⁰¹²³⁴⁵⁶⁷⁸⁹]+)-1")


@dataclass(frozen=True)
class Edges:
    """The outermost values that a field takes, and the nearest that it refuses."""

    takes: tuple[object, ...]
    refuses: tuple[object, ...]


def section(heading: str) -> str:
    """Return the text below a heading, up to the next one."""
    return TEXT.split(f"{heading}\n")[1].split("\n#")[0]


def table(heading: str) -> dict[str, list[str]]:
    """Return the first table below a heading: the cells of each row, by what its first one says."""
    lines = [line for line in section(heading).splitlines() if line.startswith("|")]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]
    return {row[0].strip("`"): row[1:] for row in rows}


TYPES = {name: cells[0] for name, cells in table("## Types").items()}


def edges(kind: str, meaning: str) -> Edges:
    """Return the edges of a field whose row says `kind` and `meaning`."""
    if kind == "id":
        return _of_ids()
    if kind in TYPES:
        return edges(*TYPES[kind].split(" ", 1))
    plain = {
        "bool": Edges((True, False), (0, 1, "true")),
        "bin": Edges((b"ab",), ("ab", 1)),
        "map": Edges((), ("", [], 1)),
    }
    if kind in plain:
        return plain[kind]
    return _of_strings(meaning) if kind == "string" else _of_numbers(kind, meaning)


def number(text: str) -> float:
    """Read a number as the page writes it: 0.25, -12, 20,000 or 2³¹-1."""
    power = _POWER.fullmatch(text)
    if power:
        base, exponent = int(power[1]), int(power[2].translate(_EXPONENTS))
        return int(base**exponent) - 1
    plain = text.replace(",", "")
    return float(plain) if "." in plain else int(plain)


def _of_numbers(kind: str, meaning: str) -> Edges:
    interval = re.match(rf"({_NUMBER}) to ({_NUMBER})", meaning)
    assert interval, f"{kind} {meaning!r} has no range"
    low, high = number(interval[1]), number(interval[2])
    if kind == "integer":
        return Edges((low, high), (low - 1, high + 1, float(low), True, str(low)))
    assert kind == "float"
    beyond = (math.nextafter(low, -math.inf), math.nextafter(high, math.inf))
    return Edges((float(low), high), (*beyond, math.nan, math.inf, -math.inf, True, str(low)))


def _of_ids() -> Edges:
    counts = edges(*TYPES["count"].split(" ", 1))
    longest = re.search(r"a string of at most (\d+) characters", TYPES["id"])
    assert longest
    of_strings = Edges(("", "ü" * int(longest[1])), ("ü" * (int(longest[1]) + 1),))
    refused = tuple(value for value in counts.refuses if not isinstance(value, str))
    return Edges(counts.takes + of_strings.takes, refused + of_strings.refuses)


def _of_strings(meaning: str) -> Edges:
    no_strings = (b"a", 1, True)
    pattern = re.match(r"`\[[^`]*\{0,(\d+)\}`", meaning)
    tag = re.search(r"at most (\d+) subtags of 1 to (\d+) letters and digits", meaning)
    if pattern:
        longest = 1 + int(pattern[1])
        return Edges(("0", "Z" * longest), ("", " a", "a/b", "a" * (longest + 1), *no_strings))
    if tag:
        most, longest = int(tag[1]), int(tag[2])
        rest = ["a1" * (longest // 2)] * (most - 1)
        takes = "-".join(["a" * longest, *rest])
        return Edges(("x", takes), ("", "1a", f"{takes}-a", "a" * (longest + 1), *no_strings))
    if meaning.startswith("`"):
        return Edges(tuple(re.findall(r"`(\w+)`", meaning)), ("", "x", *no_strings))
    # Any string; this one is an error code besides, which reads as itself.
    return Edges(("internal",), no_strings)
