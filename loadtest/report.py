"""What a run has shown, as JSON and for the eye; and whether it can be believed."""

from collections import Counter
from dataclasses import asdict
from typing import Any

from loadtest.account import account, account_lines, memory
from loadtest.counters import PREBUFFERS_S, Measurements
from loadtest.machine import machine
from loadtest.run import Outcome
from loadtest.statistics import Distribution

#: Above this share of a core the generator itself queues, and measures itself.
MAX_OWN_CORES = 0.7
#: By as much latencies are overstated. The smallest that is bounded, an interruption's, has 10 ms.
MAX_LAG_P99_S = 0.010
#: Others that use more of the cores make server and generator wait for them, some steps for long:
#: that tail is theirs.
MAX_OTHERS_SHARE = 0.1
_KIB = 1_024


def report(outcome: Outcome) -> dict[str, Any]:
    """Return everything, ready for JSON."""
    own = outcome.end.own.summary_since(outcome.begin.own)
    others = _others_share(outcome)
    return {
        "scenario": asdict(outcome.scenario),
        "machine": machine(),
        "load_average": [round(moment.load_average, 2) for moment in (outcome.begin, outcome.end)],
        "others_share": others and round(others, 3),
        "void": void_reasons(own["cores"], outcome.lag.lags.quantile(0.99), others),
        **_calls(outcome.schedule.measured),
        **_traffic(outcome),
        "generator": {**own, "loop_lag": outcome.lag.lags.summary()},
        "server": _server(outcome),
        "metrics": account(outcome),
    }


def void_reasons(own_cores: float, lag_p99_s: float, others_share: float | None) -> list[str]:
    """Say why the figures tell of something else than the server; empty if they do not.

    The share of the cores that others used is unknown where the server's process is.
    """
    lag_ms, bound_ms = lag_p99_s * 1e3, MAX_LAG_P99_S * 1e3
    others = others_share or 0.0
    reasons = {
        f"the generator used {own_cores:g} of a core, over {MAX_OWN_CORES:g}": (
            own_cores > MAX_OWN_CORES
        ),
        f"its event loop was {lag_ms:.1f} ms late at p99, over {bound_ms:g}": (
            lag_p99_s > MAX_LAG_P99_S
        ),
        f"others used {others:.0%} of its cores and the server's, over {MAX_OTHERS_SHARE:.0%}": (
            others > MAX_OTHERS_SHARE
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
        rss = server["rss_mib"]
        shown.append(
            f"server: {server['cores']:g} cores and {server['run_queue']:g} in wait for one,"
            f" {rss['first']:g} to {rss['last']:g} MiB with at most {rss['max']:g},"
            f" {server['kib_per_connection']} KiB a connection"
        )
    shown += account_lines(result["metrics"], result["scenario"]["metrics"])
    before, after = result["load_average"]
    shown.append(f"load average {before:g} to {after:g}; others: {_percent(result)} of the cores")
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
    return {
        **end.summary_since(begin),
        "rss_mib": memory(outcome.watch.readings),
        "kib_per_connection": round(per_connection, 1),
    }


def _others_share(outcome: Outcome) -> float | None:
    begin, end = outcome.begin, outcome.end
    if begin.cores is None or end.cores is None or begin.server is None or end.server is None:
        return None
    own_s, server_s = end.own.cpu_s - begin.own.cpu_s, end.server.cpu_s - begin.server.cpu_s
    return end.cores.others_since(begin.cores, own_s, server_s)


def _percent(result: dict[str, Any]) -> str:
    others = result["others_share"]
    return "unknown" if others is None else f"{others:.0%}"


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
