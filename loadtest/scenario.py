"""What a run consists of, as its arguments say it."""

import argparse
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

from loadtest.arguments import count, positive, positive_real, real
from loadtest.metrics import metrics_url


class ScenarioError(Exception):
    """The server does not allow what the scenario wants."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """The arguments of `python -m loadtest.openloop`."""

    url: str
    calls: int
    rate: float
    seconds: float
    hold: bool
    words_per_s: float
    interrupt_after: float
    mute: int
    deaf: int
    fish_deaf: int
    idle: int
    settle: float
    streams_per_connection: int
    seed: int
    pid: int | None
    metrics: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give the parser an argument for each field of `Scenario`."""
    parser.add_argument("url", help="ws://host:port/ws/tts")
    parser.add_argument(
        "--hold",
        action="store_true",
        help="a call goes on with turn after turn; measured from the last arrival on",
    )
    parser.add_argument("--pid", type=int, help="the server's process, if it is on this host")
    parser.add_argument(
        "--metrics", metavar="URL", help="the server's metrics (default /metrics of the same host)"
    )
    for name, kind, default, text in _NUMBERS:
        what = f"{text} (default {default})"
        parser.add_argument(f"--{name}", type=kind, default=default, metavar="N", help=what)


def read_scenario(flags: argparse.Namespace) -> Scenario:
    """Take the fields of a scenario from parsed arguments."""
    values: dict[str, Any] = {item.name: getattr(flags, item.name) for item in fields(Scenario)}
    values["metrics"] = flags.metrics or metrics_url(flags.url)
    return Scenario(**values)


#: Name, parser, default and meaning.
_NUMBERS: tuple[tuple[str, Callable[[str], float], float, str], ...] = (
    ("calls", positive, 10, "calls in all; with --hold, at once"),
    ("rate", positive_real, 10.0, "arrivals per second, on average"),
    ("seconds", positive_real, 30.0, "measured time, after which no turn begins"),
    ("words-per-s", real, 0.0, "send text live, word by word; 0 sends it at once"),
    ("interrupt-after", real, 0.0, "cancel so long after first audio, in s; 0 never does"),
    ("mute", count, 0, "more clients, which grant nothing after their first credit"),
    ("deaf", count, 0, "more clients, which grant and do not read"),
    ("fish-deaf", count, 0, "more clients, on Fish's live sockets, which do not read"),
    ("idle", count, 0, "more connections, without a stream"),
    ("settle", real, 1.0, "s for these to reach their limits before the first call"),
    ("streams-per-connection", positive, 1, "calls that share a connection"),
    ("seed", count, 1, "of arrivals, texts and pauses"),
)
