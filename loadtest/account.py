"""What a run's readings of `/metrics` and of the server's memory come to, as JSON and in a line."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from loadtest.metrics import Observed, Page
from loadtest.run import Outcome
from loadtest.watch import Reading

_MIB = 1_024**2
#: Counters whose growth over the measured time is told.
_COUNTERS = ("underruns", "credit_stalls", "rejected", "samples_sent", "unread_connections")


def account(outcome: Outcome) -> dict[str, Any] | None:
    """Return what the server says of the measured time; `None` where its page was not to be had."""
    watch = outcome.watch
    pages = [reading.page for reading in watch.readings if reading.page is not None]
    if not pages:
        return None
    first, last = pages[0], pages[-1]
    elapsed_s = last.at_s - first.at_s
    generated = _growth(first, last, "samples_generated")
    return {
        "reads": len(pages),
        "reads_failed": watch.metrics.num_failed,
        "samples_generated": generated,
        "samples_generated_per_s": round(generated / elapsed_s) if elapsed_s else None,
        **{name: _growth(first, last, name) for name in _COUNTERS},
        "sequences": _range(pages, "sequences"),
        "calls_active": _range(pages, "calls_active"),
        "cancel_latency": Observed.between(first, last, "cancel_latency_seconds").summary(),
        "step": Observed.between(first, last, "step_seconds").summary(),
        "still_before": outcome.still_before and asdict(outcome.still_before),
        "still_after": outcome.still_after and asdict(outcome.still_after),
        "silence": outcome.silence and asdict(outcome.silence),
        "readings": [_row(reading, outcome.begin.own.at_s) for reading in watch.readings],
    }


def memory(readings: Sequence[Reading]) -> dict[str, float]:
    """Return the server's resident memory over the measured time, in MiB."""
    rss = [reading.process.rss_bytes / _MIB for reading in readings if reading.process is not None]
    return {"first": round(rss[0], 1), "max": round(max(rss), 1), "last": round(rss[-1], 1)}


def account_lines(told: dict[str, Any] | None, url: str) -> list[str]:
    """Return the account for the eye."""
    if told is None:
        return [f"metrics: none at {url}"]
    sequences, cancels, step = told["sequences"], told["cancel_latency"], told["step"]
    shown = (
        f"its metrics: {told['samples_generated']} samples, {told['samples_generated_per_s']}/s;"
        f" {told['underruns']} underruns; {sequences['min']} to {sequences['max']} sequences;"
        f" cancels within {cancels['p99_at_most_ms']} ms, steps within {step['p99_at_most_ms']}"
        " at p99"
    )
    return [
        shown,
        *_still_lines("before", told["still_before"]),
        *_still_lines("after", told["still_after"]),
        *_silence_lines(told["silence"]),
    ]


def _still_lines(when: str, still: dict[str, Any] | None) -> list[str]:
    if still is None:
        return []
    line = (
        f"  bad listeners alone, {when} the calls: {still['sequences']:g} sequences,"
        f" {still['samples']:g} samples in all, then {still['more_samples']:g} more"
    )
    return [line]


def _silence_lines(silence: dict[str, Any] | None) -> list[str]:
    if silence is None:
        return []
    gone = "never" if silence["gone_s"] is None else f"{silence['gone_s'] * 1e3:.1f} ms later"
    line = (
        f"  {silence['sequences']:g} sequences silenced at once: gone {gone},"
        f" by reads of up to {silence['read_s'] * 1e3:.1f} ms"
    )
    return [line]


def _growth(first: Page, last: Page, counter: str) -> int:
    return round(last.value(f"{counter}_total") - first.value(f"{counter}_total"))


def _range(pages: Sequence[Page], gauge: str) -> dict[str, int]:
    values = [round(page.value(gauge)) for page in pages]
    return {"min": min(values), "max": max(values), "last": values[-1]}


def _row(reading: Reading, begin_s: float) -> dict[str, float | None]:
    page, process = reading.page, reading.process
    return {
        "at_s": None if page is None else round(page.at_s - begin_s, 2),
        "samples_generated": None if page is None else page.value("samples_generated_total"),
        "sequences": None if page is None else page.value("sequences"),
        "rss_mib": None if process is None else round(process.rss_bytes / _MIB, 1),
    }
