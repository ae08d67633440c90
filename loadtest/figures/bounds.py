"""What a figure must keep: numbers taken from the reports of its run, and how far they may go."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from engine.runners.tone import FRAME_SAMPLES, SAMPLE_RATE_HZ
from engine.scheduling.limits import SchedulerLimits
from loadtest.player import WINDOW_S

#: A report of `loadtest.openloop`.
Report = dict[str, Any]

#: How much slower others may be for who is there beside them: a tenth, or what nobody hears.
BESIDE_SHARE, BESIDE_MS = 0.10, 5.0
#: The chunk that may be under way when credit ends.
_CHUNK_SAMPLES = SchedulerLimits().max_chunk_frames * FRAME_SAMPLES


@dataclass(frozen=True, slots=True)
class Runs:
    """What a bound may look at."""

    report: Report
    #: Of the run without those that the figure is about, if it has one.
    beside: Report | None = None

    def at(self, *path: str) -> Any:  # noqa: ANN401 whatever stands there
        """Return what stands at `path` of the report, `None` where a part of the way is missing."""
        return _at(self.report, path)

    def at_beside(self, *path: str) -> Any:  # noqa: ANN401 as above
        """Return what stands at `path` of the report beside it."""
        return _at(self.beside, path)


@dataclass(frozen=True, slots=True)
class Bound:
    """A number and its limits. What could not be measured is not kept."""

    name: str
    measure: Callable[[Runs], float | None]
    most: float = math.inf
    least: float = -math.inf

    def check(self, runs: Runs) -> dict[str, Any]:
        """Return the number, its limit and whether it is kept, ready for JSON."""
        value = self.measure(runs)
        limits = {"most": self.most, "least": self.least}
        return {
            "name": self.name,
            "value": None if value is None else round(value, 3),
            **{name: limit for name, limit in limits.items() if math.isfinite(limit)},
            "kept": value is not None and self.least <= value <= self.most,
        }


def first_audio_ms(percentile: str, most: float) -> Bound:
    """Every turn counts, refused and failed ones too."""
    return _reported(f"first audio {percentile} ms", ("first_audio", f"{percentile}_ms"), most)


def cancelled_ms(percentile: str, most: float) -> Bound:
    """From `cancel` to `cancelled`."""
    return _reported(f"cancel {percentile} ms", ("cancelled", f"{percentile}_ms"), most)


def server_cores(most: float) -> Bound:
    """Of the one it is on."""
    return _reported("server's core", ("server", "cores"), most)


def connection_kib(most: float) -> Bound:
    """What the server's memory grew by for each connection."""
    return _reported("KiB a connection", ("server", "kib_per_connection"), most)


def text_stalls_a_turn(most: float) -> Bound:
    """Silences for want of text."""
    return Bound("text stalls a turn", _text_stalls, most)


def refused_again(most: float) -> Bound:
    """Of those who came again when they were told to: else the time was no honest one."""
    return Bound("refused again", _refused_again, most)


def flat_memory(most_mib: float) -> Bound:
    """How far above its first reading the server's memory went."""
    return Bound("memory grew by MiB", _grown_mib, most_mib)


def given_up(least: float) -> Bound:
    """Connections of peers that took nothing."""
    return Bound("given up", lambda runs: runs.at("metrics", "unread_connections"), least=least)


def gone_within_ms(step_ms: float) -> Bound:
    """The sequences of a crowd that fell silent: a page is as old as the read that brought it."""
    return Bound("sequences gone, less a read, ms", _gone_ms, step_ms)


def _at(report: Report | None, path: tuple[str, ...]) -> Any:  # noqa: ANN401 as above
    found: Any = report
    for name in path:
        found = None if found is None else found.get(name)
    return found


def _reported(name: str, path: tuple[str, ...], most: float) -> Bound:
    return Bound(name, lambda runs: runs.at(*path), most)


def _text_stalls(runs: Runs) -> float | None:
    turns = runs.at("turns_done")
    return runs.at("text_stalls", "0_ms") / turns if turns else None


def _refused_again(runs: Runs) -> float | None:
    num_retries = runs.at("retries", "count")
    return 1 - runs.at("retries", "admitted") / num_retries if num_retries else None


def _grown_mib(runs: Runs) -> float | None:
    rss = runs.at("server", "rss_mib")
    return None if rss is None else rss["max"] - rss["first"]


def _gone_ms(runs: Runs) -> float | None:
    silence = runs.at("metrics", "silence")
    if silence is None or silence["gone_s"] is None:
        return None
    return float((silence["gone_s"] - silence["read_s"]) * 1e3)


def _slower_ms(runs: Runs) -> float | None:
    p99_ms, beside_ms = runs.at("first_audio", "p99_ms"), runs.at_beside("first_audio", "p99_ms")
    if p99_ms is None or beside_ms is None:
        return None
    return float(p99_ms - beside_ms - max(BESIDE_SHARE * beside_ms, BESIDE_MS))


def _beyond_credit(runs: Runs) -> float | None:
    samples = runs.at("metrics", "still_before", "samples")
    if samples is None:
        return None
    return float(samples / runs.at("scenario", "mute") - WINDOW_S * SAMPLE_RATE_HZ)


#: With nothing held back, while the text of what came next was there.
NO_UNDERRUN = _reported("underruns", ("underruns", "0_ms"), 0)
#: Audio after `cancelled` would be one.
NO_PROTOCOL_FAULT = _reported("protocol faults", ("protocol_faults",), 0)
NO_FAILURE = Bound("failed turns", lambda runs: sum(runs.at("failures").values()), 0)
#: With a time to come again, each of them.
REFUSALS = Bound("refusals", lambda runs: sum(runs.at("refusals").values()), least=1)
NO_REFUSAL_WITHOUT_TIME = _reported("refusals without a time", ("retry_after", "failed"), 0)
ALL_CONNECTED = Bound("connections refused", lambda r: sum(r.at("connections_refused").values()), 0)
#: Beyond what `BESIDE_SHARE` and `BESIDE_MS` allow.
AS_FAST_AS_WITHOUT = Bound("slower than without them by ms, beyond what may be", _slower_ms, 0)
#: Of mute listeners on the tone model, each with the credit that `open` gives by itself.
NOTHING_BEYOND_CREDIT = Bound("samples beyond credit, each", _beyond_credit, _CHUNK_SAMPLES)
#: In a second in which only bad listeners are there.
NOTHING_MORE_BEFORE, NOTHING_MORE_AFTER = (
    _reported(f"samples for bad listeners {when} the calls", path, 0)
    for when, path in (
        ("before", ("metrics", "still_before", "more_samples")),
        ("after", ("metrics", "still_after", "more_samples")),
    )
)
