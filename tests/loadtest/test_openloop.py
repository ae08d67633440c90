"""The generator against a real server, for a second; its figures are not the subject."""

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.runners.tone import SAMPLE_RATE_HZ
from loadtest.report import MAX_LAG_P99_S, MAX_OTHERS_SHARE, MAX_OWN_CORES, void_reasons
from tests.helpers.pages import command, run_here
from tests.helpers.serving import ROOT, Server, ServerProcess, starting

TONE = ("server", "serve", "--model", "tone")
VOID = 2


def offer(server: Server, file: Path, *flags: str) -> dict[str, Any]:
    """Run the generator; return what it wrote."""
    command = [sys.executable, "-m", "loadtest.openloop", server.ws_url, "--json", str(file)]
    done = subprocess.run(
        [*command, "--seconds", "1", "--settle", "0.2", *flags],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode in (0, VOID), done.stderr
    result: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    assert bool(result["void"]) == (done.returncode == VOID)
    return result


@pytest.fixture
def tone() -> Iterator[ServerProcess]:
    with starting(*TONE) as process:
        yield process


@pytest.mark.slow
def test_held_calls_are_measured_beside_all_kinds_of_bad_listeners(
    tone: ServerProcess, tmp_path: Path
) -> None:
    bad = ("--mute", "1", "--deaf", "1", "--fish-deaf", "1", "--settle", "1")
    crowd = (*bad, "--idle", "2", "--streams-per-connection", "2")
    calls = ("--hold", "--calls", "4", "--rate", "40", "--interrupt-after", "0.2")
    result = offer(tone.server, tmp_path / "a.json", *calls, *crowd, "--pid", str(os.getpid()))
    assert result["scenario"]["calls"] == 4
    assert result["connections"] == 1 + 1 + 1 + 2 + 4 // 2
    assert result["first_audio"]["count"] >= 4
    assert result["first_audio"]["p50_ms"] > 0
    assert result["cancelled"]["count"] == result["first_audio"]["count"]
    assert result["messages_per_s"] > 0
    assert 0 < result["server"]["rss_mib"]["first"] <= result["server"]["rss_mib"]["max"]
    told = result["metrics"]
    # The mute one has its two seconds, and the deaf ones go on for a while.
    assert told["still_before"]["sequences"] == told["silence"]["staying"] == 3
    assert told["still_before"]["samples"] >= 3 * 2 * SAMPLE_RATE_HZ
    assert told["samples_generated"] > 0
    assert told["cancel_latency"]["count"] > 0
    assert told["silence"]["gone_s"] is not None
    assert told["reads_failed"] == 0
    faults = ("failures", "refusals", "bad_listeners_ended", "connections_refused")
    assert [result[name] for name in faults] == [{}] * 4
    assert result["protocol_faults"] == 0


@pytest.mark.slow
def test_the_commands_of_the_page_are_run_as_it_shows_them(tmp_path: Path) -> None:
    program, *arguments = shlex.split(command("paced", "loadtest"))
    assert program == ".venv/bin/voxline"
    with starting("server", *arguments) as process:
        scaled = command("openloop", "loadtest") + " --calls 2 --seconds 1 --interrupt-after 0.1"
        done = subprocess.run(run_here(scaled, process.server), cwd=tmp_path, check=False)
    assert done.returncode in (0, VOID)
    result = json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))
    assert (result["scenario"]["calls"], result["failures"]) == (2, {})


@pytest.mark.slow
def test_live_text_is_spoken_to_its_end(tone: ServerProcess, tmp_path: Path) -> None:
    result = offer(tone.server, tmp_path / "a.json", "--calls", "3", "--words-per-s", "30")
    assert result["turns_done"] == result["first_audio"]["count"] == 3
    assert result["failures"] == {}


@pytest.mark.slow
def test_refused_calls_are_counted_and_their_advice_is_known(tmp_path: Path) -> None:
    flags = ("--calls", "4", "--rate", "100", "--interrupt-after", "0.2")
    with starting(*TONE, "--max-calls", "1") as process:
        result = offer(process.server, tmp_path / "a.json", *flags)
    refused = result["refusals"]["overloaded"]
    assert refused + result["first_audio_admitted"]["count"] == result["first_audio"]["count"] == 4
    assert result["first_audio"]["failed"] == refused == result["retry_after"]["count"]
    assert result["first_audio"]["max_ms"] is None


@pytest.mark.slow
def test_more_streams_on_a_connection_than_the_server_allows_are_refused(
    tone: ServerProcess,
) -> None:
    flags = ("--calls", "40", "--streams-per-connection", "33")
    command = [sys.executable, "-m", "loadtest.openloop", tone.server.ws_url, *flags]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr == "openloop: the server allows 32 streams on a connection\n"


def test_without_a_server_it_says_so() -> None:
    command = [sys.executable, "-m", "loadtest.openloop", "ws://127.0.0.1:1/ws/tts"]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("openloop: ")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("flags", [("--rate", "0"), ("--calls", "-1"), ("--seconds", "inf")])
def test_an_argument_out_of_range_is_refused(flags: tuple[str, str]) -> None:
    command = [sys.executable, "-m", "loadtest.openloop", "ws://127.0.0.1:1/ws/tts", *flags]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    assert flags[0] in done.stderr


def test_a_generator_that_was_busy_or_late_or_not_alone_makes_its_figures_void() -> None:
    assert void_reasons(MAX_OWN_CORES, MAX_LAG_P99_S, MAX_OTHERS_SHARE) == []
    assert void_reasons(MAX_OWN_CORES, MAX_LAG_P99_S, None) == []
    assert len(void_reasons(MAX_OWN_CORES * 1.1, MAX_LAG_P99_S, None)) == 1
    assert len(void_reasons(MAX_OWN_CORES * 1.1, MAX_LAG_P99_S * 1.1, MAX_OTHERS_SHARE * 1.1)) == 3
