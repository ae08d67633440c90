"""What a single field may hold: each reader takes what msgpack gave and returns the value.

A reader raises `ValueError` with a phrase that follows the field's name: "must be …". Bools are
not numbers, and floats are finite: no NaN travels into a mixer.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias, cast

Reader: TypeAlias = Callable[[object], Any]

#: Counts and stream ids fit a signed 32-bit integer in any language: 12 h at 48 kHz.
MAX_COUNT = 2**31 - 1
#: Seeds are exact in any language, also where every number is a float of 64 bits.
MAX_SEED = 2**53 - 1
#: A name for a flush or a ping is echoed, so it stays small.
MAX_ID_CHARS = 128
#: As many as a map on the wire may have; a request is no dictionary.
MAX_LEXICON_ENTRIES = 256
#: The longest German compound in use has 67 letters.
MAX_WORD_CHARS = 80
#: A name read out in full.
MAX_SAID_CHARS = 200
#: What listeners can still follow, and OpenAI's range.
SPEED_RANGE = (0.25, 4.0)
#: An octave each way.
PITCH_RANGE = (-12.0, 12.0)
#: From inaudible to clipping.
VOLUME_DB_RANGE = (-60.0, 20.0)
#: At twice the model's own spread, hardly anything that is drawn is speech.
TEMPERATURE_RANGE = (0.0, 2.0)
#: A share of what is likely.
TOP_P_RANGE = (0.0, 1.0)
#: 1 changes nothing. Below it repetition is favoured.
REPETITION_PENALTY_RANGE = (0.5, 2.0)
#: Voice ids also name files and travel in URLs.
VOICE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _.+-]{0,127}")
#: The shape of a BCP 47 tag; which tags exist is for the model to know. A private one begins with
#: "x", and the longest that are in use have eight subtags.
LANGUAGE = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8}){0,15}")

#: A word of a lexicon: it begins with a letter or a digit, and may have these marks in it: "C++".
WORD = re.compile(r"\w[\w.+#&'\u2019-]*")


def integer(low: int, high: int) -> Reader:
    """Read an integer from `low` to `high`, both included."""

    def read(value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise ValueError(f"must be an integer from {low} to {high}")
        return value

    return read


def number(low: float, high: float) -> Reader:
    """Read a float from `low` to `high`, both included; integers count as floats."""

    def read(value: Any) -> float:  # noqa: ANN401, what msgpack gave
        real = isinstance(value, int | float) and not isinstance(value, bool)
        # NaN fails both comparisons, an infinity one of them.
        if not real or not low <= value <= high:
            raise ValueError(f"must be a number from {low:g} to {high:g}")
        return float(value)

    return read


def boolean(value: object) -> bool:
    """Read true or false."""
    if not isinstance(value, bool):
        raise ValueError("must be true or false")  # noqa: TRY004, a reader has one error
    return value


def string(value: object) -> str:
    """Read a string of any length that the message allows."""
    if not isinstance(value, str):
        raise ValueError("must be a string")  # noqa: TRY004, a reader has one error
    return value


def binary(value: object) -> bytes:
    """Read binary data."""
    if not isinstance(value, bytes):
        raise ValueError("must be binary")  # noqa: TRY004, a reader has one error
    return value


def pcm(value: object) -> bytes:
    """Read samples, at least a byte of them; how long each is, its stream knows."""
    if not isinstance(value, bytes) or not value:
        raise ValueError("must be binary, of one sample or more")
    return value


def one_of(*choices: str) -> Reader:
    """Read one of `choices`."""

    def read(value: object) -> str:
        if value not in choices or not isinstance(value, str):
            raise ValueError(f"must be one of {', '.join(choices)}")
        return value

    return read


def matching(pattern: re.Pattern[str], what: str) -> Reader:
    """Read a string that `pattern` matches as a whole; `what` names such strings."""

    def read(value: object) -> str:
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise ValueError(f"must be {what}")
        return value

    return read


count = integer(0, MAX_COUNT)
stream_id = integer(1, MAX_COUNT)
hertz = integer(1, MAX_COUNT)
seconds = number(0, MAX_COUNT)
voice_id = matching(VOICE_ID, "a voice id")
language_tag = matching(LANGUAGE, "a BCP 47 language tag")


def lexicon(value: object) -> dict[str, str]:
    """Read words and what is said instead of each, which may be nothing."""
    if not isinstance(value, Mapping):
        raise ValueError("must be a map of words")  # noqa: TRY004, a reader has one error
    if len(value) > MAX_LEXICON_ENTRIES:
        raise ValueError(f"must have at most {MAX_LEXICON_ENTRIES} entries")
    for word, said in value.items():
        if not isinstance(word, str) or len(word) > MAX_WORD_CHARS or not WORD.fullmatch(word):
            raise ValueError(f"must have words of 1 to {MAX_WORD_CHARS} characters as keys")
        if not isinstance(said, str) or len(said) > MAX_SAID_CHARS:
            raise ValueError(f"must have strings of at most {MAX_SAID_CHARS} characters as values")
    return dict(value)


def message_id(value: object) -> int | str:
    """Read what a client names a flush or a ping by: a count, or a short string."""
    if isinstance(value, str):
        if len(value) > MAX_ID_CHARS:
            raise ValueError(f"must have at most {MAX_ID_CHARS} characters")
        return value
    return cast("int", count(value))
