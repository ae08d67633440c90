"""Percentiles with failures in them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.statistics import Distribution

durations = st.lists(st.floats(0, 100))
shares = st.floats(0.01, 1)


def distribution(seconds: list[float], num_failed: int) -> Distribution:
    made = Distribution()
    for duration_s in seconds:
        made.add(duration_s)
    for _ in range(num_failed):
        made.fail()
    return made


@given(durations, st.integers(0, 20), shares)
def test_a_quantile_is_the_smallest_value_that_the_share_of_all_attempts_keeps_within(
    seconds: list[float], num_failed: int, share: float
) -> None:
    attempts = seconds + [math.inf] * num_failed
    value = distribution(seconds, num_failed).quantile(share)
    if not attempts:
        assert math.isnan(value)
        return
    within = sum(one <= value for one in attempts)
    assert within >= share * len(attempts)
    below = [one for one in attempts if one < value]
    assert len(below) < share * len(attempts)


def test_one_failure_in_fifty_is_past_p95_and_reaches_p99_and_the_maximum() -> None:
    summary = distribution([0.010] * 49, 1).summary()
    assert (summary["count"], summary["failed"]) == (50, 1)
    assert (summary["p95_ms"], summary["p99_ms"], summary["max_ms"]) == (10.0, None, None)


def test_what_never_came_is_no_number_in_json() -> None:
    assert distribution([], 0).summary() == {
        "count": 0, "failed": 0, "p50_ms": None, "p95_ms": None, "p99_ms": None, "max_ms": None
    }  # fmt: skip


def test_percentiles_are_in_milliseconds() -> None:
    summary = distribution([n / 1_000 for n in range(1, 101)], 0).summary()
    values = [summary[key] for key in ("p50_ms", "p95_ms", "p99_ms", "max_ms")]
    assert values == pytest.approx([50, 95, 99, 100])
