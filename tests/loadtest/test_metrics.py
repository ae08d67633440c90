"""Reading the server's metrics: what a monitor sees, and no more."""

import math

import pytest

from loadtest.metrics import MetricsReader, Observed, Page, metrics_url
from server.metrics import Metrics

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    """The generator runs on asyncio alone."""
    return "asyncio"


def page(metrics: Metrics) -> Page:
    return Page(metrics.render().decode(), 0.0)


def test_a_value_is_the_sum_over_all_labels_and_zero_before_anything_was_counted() -> None:
    metrics = Metrics()
    assert page(metrics).value("rejected_total") == 0
    metrics.rejected.labels("overloaded").inc(2)
    metrics.rejected.labels("draining").inc()
    metrics.sequences.set(7)
    assert page(metrics).value("rejected_total") == 3
    assert page(metrics).value("sequences") == 7


def test_a_histogram_tells_of_what_came_between_two_readings() -> None:
    metrics = Metrics()
    metrics.cancel_latency.observe(0.9)
    earlier = page(metrics)
    for _ in range(99):
        metrics.cancel_latency.observe(0.0004)
    metrics.cancel_latency.observe(0.004)
    observed = Observed.between(earlier, page(metrics), "cancel_latency_seconds")
    assert observed.count == 100
    assert (observed.at_most_s(0.99), observed.at_most_s(1.0)) == (0.0005, 0.005)
    assert observed.summary() == {"count": 100, "mean_ms": 0.436, "p99_at_most_ms": 0.5}


def test_what_no_bucket_holds_has_no_bound() -> None:
    metrics = Metrics()
    earlier = page(metrics)
    metrics.cancel_latency.observe(60.0)
    observed = Observed.between(earlier, page(metrics), "cancel_latency_seconds")
    assert observed.at_most_s(0.99) == math.inf
    assert observed.summary()["p99_at_most_ms"] is None


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("ws://127.0.0.1:8080/ws/tts", "http://127.0.0.1:8080/metrics"),
        ("wss://speech.example/ws/tts?key=k", "https://speech.example/metrics"),
    ],
)
def test_metrics_are_looked_for_where_the_server_shows_them(url: str, shown: str) -> None:
    assert metrics_url(url) == shown


async def test_a_page_that_cannot_be_had_is_no_reading_but_counted() -> None:
    async with MetricsReader("http://127.0.0.1:1/metrics") as reader:
        assert await reader.read() is None
    assert reader.num_failed == 1
