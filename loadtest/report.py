"""What a run has shown, as JSON and for the eye; and whether it can be believed."""

from collections import Counter
from dataclasses import asdict
from typing import Any

from loadtest.counters import PREBUFFERS_S, Measurements
from loadtest.machine import machine
from loadtest.run import Outcome
from loadtest.statistics import Distribution

#: Above this share of a core the generator itself queues, and measures itself.
MAX_OWN_CORES = 0.7
#: By as much latencies are overstated. The smallest that is bounded, an interruption's, has 10 ms.
MAX_LAG_P99_S = 0.010
_KIB = 1_024


def report(outcome: Outcome) -> dict[str, Any]:
    """Return everything, ready for JSON."""
    own = outcome.end.own.summary_since(outcome.begin.own)
    return {
        "scenario": asdict(outcome.scenario),
        "machine": machine(),
        "void": void_reasons(own["cores"], outcome.lag.lags.quantile(0.99)),
        **_calls(outcome.schedule.measured),
        **_traffic(outcome),
        "generator": {**own, "loop_lag": outcome.lag.lags.summary()},
        "server": _server(outcome),
    }


def void_reasons(own_cores: float, lag_p99_s: float) -> list[str]:
    """Say why the figures tell more of the generator than of the server; empty if they do not."""
    lag_ms, bound_ms = lag_p99_s * 1e3, MAX_LAG_P99_S * 1e3
    reasons = {
        f"the generator used {own_cores:g} of a core, over {MAX_OWN_CORES:g}": (
            own_cores > MAX_OWN_CORES
        ),
        f"its event loop was {lag_ms:.1f} ms late at p99, over {bound_ms:g}": (
            lag_p99_s > MAX_LAG_P99_S
        ),
    }
    return [reason for reason, holds in reasons.items() if holds]


def lines(result: dict[str, Any]) -> list[str]:
    """Return the report for the eye."""
    generator, server = result["generator"], result["server"]
    own, lag_ms = generator["cores"], generator["loop_lag"]["p99_ms"]
    shown = [
        _line("first audio", result["first_audio"]),
        _line("  of those admitted", result["first_audio_admitted"]),
        _line("cancel to cancelled", result["cancelled"]),
        f"turns done: {result['turns_done']}",
        f"refused: {result['refusals']}, failed: {result['failures']}",
        f"underruns: {result['underruns']}, for want of text: {result['text_stalls']}",
        f"from the server: {result['messages_per_s']:g}/s, {result['bytes_per_s']:g} bytes/s",
        f"generator: {own:g} of a core, loop lag p99 {lag_ms} ms",
    ]
    if server is not None:
        shown.append(
            f"server: {server['cores']:g} cores, {server['rss_mib_before']:g} to"
            f" {server['rss_mib_after']:g} MiB, {server['kib_per_connection']} KiB a connection"
        )
    shown.append(result["machine"])
    return shown + [f"VOID: {reason}" for reason in result["void"]]


def _calls(measured: Measurements) -> dict[str, Any]:
    return {
        "first_audio": measured.first_audio.summary(),
        "first_audio_admitted": Distribution(measured.first_audio.seconds).summary(),
        "cancelled": measured.cancelled.summary(),
        "turns_done": measured.turns_done,
        "underruns": _by_prebuffer(measured.underruns),
        "text_stalls": _by_prebuffer(measured.text_stalls),
        "failures": dict(measured.failures),
        "refusals": dict(measured.refusals),
        "retry_after": measured.retry_after.summary(),
        "retries": {"count": measured.retries, "admitted": measured.retries_admitted},
    }


def _traffic(outcome: Outcome) -> dict[str, Any]:
    begin, end = outcome.begin, outcome.end
    elapsed_s = end.own.at_s - begin.own.at_s
    return {
        "measured_s": round(elapsed_s, 3),
        "connections": outcome.num_connections,
        "connections_refused": dict(outcome.refused_connections),
        "bad_listeners_ended": dict(outcome.bad_ends),
        "protocol_faults": outcome.counters.protocol_faults,
        "late_messages": outcome.counters.late_messages,
        "messages_per_s": round((end.messages - begin.messages) / elapsed_s, 1),
        "bytes_per_s": round((end.bytes - begin.bytes) / elapsed_s),
    }


def _server(outcome: Outcome) -> dict[str, Any] | None:
    rest, begin, end = outcome.server_at_rest, outcome.begin.server, outcome.end.server
    if rest is None or begin is None or end is None:
        return None
    grown = begin.rss_bytes - rest.rss_bytes
    per_connection = grown / max(outcome.num_connections, 1) / _KIB
    return {**end.summary_since(begin), "kib_per_connection": round(per_connection, 1)}


def _by_prebuffer(counts: Counter[float]) -> dict[str, int]:
    return {f"{held_s * 1e3:g}_ms": counts[held_s] for held_s in PREBUFFERS_S}


def _line(name: str, summary: dict[str, Any]) -> str:
    values = " / ".join(
        "failed" if summary[key] is None else f"{summary[key]:g}"
        for key in ("p50_ms", "p95_ms", "p99_ms", "max_ms")
    )
    if not summary["count"]:
        return f"{name}: none"
    return f"{name}: p50/p95/p99/max {values} ms; {summary['failed']} of {summary['count']} failed"
