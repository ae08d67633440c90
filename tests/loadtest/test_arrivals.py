"""The schedule of arrivals."""

import random
from itertools import islice

import pytest

from loadtest.arrivals import poisson_arrivals


def test_the_same_seed_is_the_same_schedule() -> None:
    first, second = (islice(poisson_arrivals(random.Random(7), 3.0), 100) for _ in range(2))
    assert list(first) == list(second)


def test_arrivals_come_in_order_at_the_rate_and_with_the_spread_of_a_poisson_process() -> None:
    times = list(islice(poisson_arrivals(random.Random(1), 50.0), 20_000))
    gaps = [after - before for before, after in zip([0.0, *times], times, strict=False)]
    mean = sum(gaps) / len(gaps)
    variance = sum((gap - mean) ** 2 for gap in gaps) / len(gaps)
    assert min(gaps) >= 0
    assert mean == pytest.approx(1 / 50, rel=0.05)
    assert variance == pytest.approx(mean**2, rel=0.1)


@pytest.mark.parametrize("rate", [0.0, -1.0])
def test_a_rate_that_is_not_positive_is_refused(rate: float) -> None:
    with pytest.raises(ValueError, match="positive"):
        next(poisson_arrivals(random.Random(1), rate))
