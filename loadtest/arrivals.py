"""When calls arrive: a schedule that no answer of the server can delay."""

import random
from collections.abc import Iterator


def poisson_arrivals(rng: random.Random, rate_per_s: float) -> Iterator[float]:
    """Yield the seconds from the start at which calls arrive, `rate_per_s` of them on average.

    Raises:
        ValueError: the rate is not positive.
    """
    if rate_per_s <= 0:
        raise ValueError("the rate must be positive")
    at_s = 0.0
    while True:
        at_s += rng.expovariate(rate_per_s)
        yield at_s
