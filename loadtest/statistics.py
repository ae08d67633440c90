"""Percentiles that hide nothing: what was refused or never came counts as worse than all else."""

import math
from dataclasses import dataclass, field

_QUANTILES = {"p50": 0.50, "p95": 0.95, "p99": 0.99, "max": 1.0}


@dataclass(slots=True)
class Distribution:
    """Durations in seconds, and how often there was none because the attempt failed."""

    seconds: list[float] = field(default_factory=list)
    num_failed: int = 0

    def add(self, duration_s: float) -> None:
        """Count a duration."""
        self.seconds.append(duration_s)

    def fail(self) -> None:
        """Count an attempt that has no duration."""
        self.num_failed += 1

    def quantile(self, share: float) -> float:
        """Return the smallest duration that `share` of all attempts did not exceed.

        It is infinite where a failure stands at that place, and NaN without any attempt.
        """
        return _nearest_rank(sorted(self.seconds), len(self.seconds) + self.num_failed, share)

    def summary(self) -> dict[str, float | int | None]:
        """Return counts, and the percentiles in milliseconds: `None` is a failure, or nothing."""
        ordered = sorted(self.seconds)
        count = len(ordered) + self.num_failed
        percentiles = {
            f"{name}_ms": _milliseconds(_nearest_rank(ordered, count, share))
            for name, share in _QUANTILES.items()
        }
        return {"count": count, "failed": self.num_failed, **percentiles}


def _nearest_rank(ordered: list[float], count: int, share: float) -> float:
    if not count:
        return math.nan
    rank = max(math.ceil(share * count), 1)
    return ordered[rank - 1] if rank <= len(ordered) else math.inf


def _milliseconds(seconds: float) -> float | None:
    return round(seconds * 1e3, 3) if math.isfinite(seconds) else None
