"""What the attributes of SSML may say. A reader raises `ValueError` with a phrase: "must be …".

Of prosody, labels and plain percentages are of the note's own, and what has a sign is of `outer`,
which is what the element around has. That is how SSML 1.1 has it; its numbers for the labels are
left to us.
"""

import math
import re
from collections.abc import Mapping

#: Longer ones are made by no other service, and are mistakes of a unit: "10000s" for ms.
MAX_BREAK_S = 10.0

_STRENGTHS_S = {
    "none": 0.0, "x-weak": 0.1, "weak": 0.25, "medium": 0.5, "strong": 0.75, "x-strong": 1.0,
}  # fmt: skip
_RATES = {
    "x-slow": 0.5, "slow": 0.75, "medium": 1.0, "default": 1.0, "fast": 1.5, "x-fast": 2.0,
}  # fmt: skip
_PITCHES = {
    "x-low": -4.0, "low": -2.0, "medium": 0.0, "default": 0.0, "high": 2.0, "x-high": 4.0,
}  # fmt: skip
_VOLUMES_DB = {
    "silent": -math.inf, "x-soft": -12.0, "soft": -6.0, "medium": 0.0, "default": 0.0,
    "loud": 6.0, "x-loud": 12.0,
}  # fmt: skip
_NUMBER = r"([0-9]{1,5}(?:\.[0-9]{1,6})?)"
_SIGNED = r"([+-][0-9]{1,5}(?:\.[0-9]{1,6})?)"
_TIME = re.compile(rf"\+?{_NUMBER}(ms|s)")
_PERCENT, _CHANGE = re.compile(rf"{_NUMBER}%"), re.compile(rf"{_SIGNED}%")
_SEMITONES, _DECIBELS = re.compile(rf"{_SIGNED}st"), re.compile(rf"{_SIGNED}dB")
_SEMITONES_PER_OCTAVE = 12


def duration_s(text: str) -> float:
    """Read how long a pause is."""
    found = _TIME.fullmatch(text)
    seconds = float(found[1]) / (1_000 if found[2] == "ms" else 1) if found else math.inf
    if seconds > MAX_BREAK_S:
        raise ValueError(f'must be a time as "500ms" or "1.5s", of at most {MAX_BREAK_S:g}s')
    return seconds


def strength_s(text: str) -> float:
    """Read how strong a pause is, as how long it is."""
    return _labelled(text, _STRENGTHS_S, "")


def rate(text: str, outer: float) -> float:
    """Read a rate as a factor of the note's speed."""
    if percent := _PERCENT.fullmatch(text):
        return float(percent[1]) / 100
    if change := _CHANGE.fullmatch(text):
        return outer * _ratio(change[1])
    return _labelled(text, _RATES, ' or as "80%" or "+10%"')


def pitch(text: str, outer: float) -> float:
    """Read a pitch in semitones above the note's."""
    if semitones := _SEMITONES.fullmatch(text):
        return outer + float(semitones[1])
    if change := _CHANGE.fullmatch(text):
        return outer + _SEMITONES_PER_OCTAVE * math.log2(_ratio(change[1]))
    return _labelled(text, _PITCHES, ' or as "+2st" or "-10%"')


def volume_db(text: str, outer: float) -> float:
    """Read a volume in decibels above the note's."""
    if decibels := _DECIBELS.fullmatch(text):
        return outer + float(decibels[1])
    return _labelled(text, _VOLUMES_DB, ' or as "-6dB"')


def _ratio(percent: str) -> float:
    ratio = 1 + float(percent) / 100
    if ratio <= 0:
        raise ValueError("must leave more than nothing")
    return ratio


def _labelled(text: str, labels: Mapping[str, float], otherwise: str) -> float:
    if text not in labels:
        raise ValueError(f"must be {', '.join(labels)}{otherwise}")
    return labels[text]
