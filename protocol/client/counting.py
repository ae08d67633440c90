# ruff: noqa: TID252 - the same files are installed under another name
"""The numbers of a caller made counts of samples, or refused before anything comes of them."""

from operator import index
from typing import SupportsIndex

from ..errors import LocalProtocolError
from ..fields import count


def sample_count(value: SupportsIndex) -> int:
    """Return a whole number, as numpy has its own, as the one that the wire knows.

    Raises:
        LocalProtocolError: it is none, or out of range.
    """
    try:
        return int(count(index(value)))
    except (TypeError, ValueError) as error:
        raise LocalProtocolError(f"a number of samples: {error}") from None


def window_samples(window_s: float, rate_hz: int) -> int:
    """Return a window in samples.

    Raises:
        LocalProtocolError: it has no sample, or no end.
    """
    try:
        samples = round(window_s * rate_hz)
    except (TypeError, ValueError, OverflowError) as error:
        raise LocalProtocolError(f"{window_s!r} s at {rate_hz!r} Hz: {error}") from None
    if samples < 1:
        raise LocalProtocolError(f"a window of {window_s} s has no sample")
    return samples
