"""The server's own account of a run: its `/metrics`, read as any monitor reads them."""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit, urlunsplit

import httpx
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

PREFIX = "voxline_"
#: A server that is up answers in milliseconds; one that does not is read again in a second.
READ_TIMEOUT_S = 1.0
_SECURE = {"ws": "http", "wss": "https"}


class Page:
    """One reading."""

    def __init__(self, text: str, at_s: float) -> None:
        """Parse the text format of Prometheus, read at `at_s` of the monotonic clock.

        Raises:
            ValueError: it is something else.
        """
        self.at_s = at_s
        self._samples: dict[str, list[Sample]] = {}
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                self._samples.setdefault(sample.name, []).append(sample)

    def value(self, name: str) -> float:
        """Return the sum over all labels of `voxline_<name>`; zero where nothing was counted."""
        return sum(sample.value for sample in self._samples.get(PREFIX + name, ()))

    def buckets(self, name: str) -> dict[float, float]:
        """Return the cumulative counts of the histogram `voxline_<name>` by upper bound."""
        counts: dict[float, float] = {}
        for sample in self._samples.get(f"{PREFIX}{name}_bucket", ()):
            bound = float(sample.labels["le"])
            counts[bound] = counts.get(bound, 0.0) + sample.value
        return counts


@dataclass(frozen=True, slots=True)
class Observed:
    """What a histogram of seconds took in between two readings."""

    count: float
    total_s: float
    #: Cumulative, by upper bound.
    buckets: Mapping[float, float]

    @classmethod
    def between(cls, earlier: Page, later: Page, name: str) -> "Observed":
        """Subtract."""
        before = earlier.buckets(name)
        buckets = {le: count - before.get(le, 0.0) for le, count in later.buckets(name).items()}
        count, total_s = (
            later.value(f"{name}_{part}") - earlier.value(f"{name}_{part}")
            for part in ("count", "sum")
        )
        return cls(count, total_s, buckets)

    def at_most_s(self, share: float) -> float:
        """Return the bound that `share` of all kept within: no histogram knows more."""
        enough = share * self.count
        return min((le for le, count in self.buckets.items() if count >= enough), default=math.inf)

    def summary(self) -> dict[str, float | None]:
        """Return the count, the mean, and what 99 in a hundred kept within, in milliseconds."""
        if not self.count:
            return {"count": 0, "mean_ms": None, "p99_at_most_ms": None}
        p99_s = self.at_most_s(0.99)
        return {
            "count": int(self.count),
            "mean_ms": round(self.total_s / self.count * 1e3, 3),
            "p99_at_most_ms": round(p99_s * 1e3, 3) if math.isfinite(p99_s) else None,
        }


def metrics_url(url: str) -> str:
    """Return where the server of a WebSocket's `url` shows its metrics."""
    parts = urlsplit(url)
    scheme = _SECURE.get(parts.scheme, parts.scheme)
    return urlunsplit((scheme, parts.netloc, "/metrics", "", ""))


class MetricsReader:
    """Reads the page, again and again, over one connection."""

    def __init__(self, url: str) -> None:
        self.url = url
        #: Reads that brought nothing.
        self.num_failed = 0
        self._client = httpx.AsyncClient(timeout=READ_TIMEOUT_S, trust_env=False)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._client.aclose()

    async def read(self) -> Page | None:
        """Return the page as it is now, or nothing if it cannot be had."""
        try:
            response = await self._client.get(self.url)
            return Page(response.raise_for_status().text, time.monotonic())
        except (httpx.HTTPError, ValueError):
            self.num_failed += 1
            return None
