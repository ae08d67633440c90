"""The command line itself: its help, its settings, and its refusals in one line."""

from dataclasses import fields
from importlib.metadata import version

import pytest

from server.settings import Settings
from tests.helpers.command_line import SLOW, complaint, run, run_in_shell


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["say", "x", "--model", "tone", "--voice", "nobody"], "nobody"),
        pytest.param(["say", "x", "--model", "none"], "none", marks=SLOW),
        (["serve", "--port", "70000"], "port must be"),
        pytest.param(["serve", "--max-calls", "0"], "max_calls must be", marks=SLOW),
        (["serve", "--model", "tone", "--host", "\udcff"], "cannot listen on"),
        (["serve", "--tls-cert", "x.pem"], "tls_key"),
        pytest.param(
            ["serve", "--model", "tone", "--tone-step-ms", "fast"], "tone_step_ms", marks=SLOW
        ),
        pytest.param(
            *(["serve", "--model", "tone", "--voice-aliases", "alloy"], "voice_aliases must be"),
            marks=SLOW,
        ),
        (["serve", "--model", "tone", "--voice-aliases", "alloy=nobody"], "alloy=nobody: tone has"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(arguments: list[str], message: str) -> None:
    done = run(*arguments)
    assert message in complaint(done)
    assert done.stdout == b""


def test_a_bad_variable_is_named() -> None:
    assert "VOXLINE_MAX_NOTES" in complaint(run("serve", VOXLINE_MAX_NOTES="many"))


def test_a_misspelt_variable_ends_the_server_and_no_other_command() -> None:
    assert "VOXLINE_MAX_CALLS" in complaint(run("serve", VOXLINE_MAXCALLS="5"))
    assert run("doctor", VOXLINE_MAXCALLS="5").returncode == 0


@pytest.mark.parametrize("arguments", [["serve", "--max-call", "5"], ["say", "x", "--out", "-"]])
def test_a_flag_is_written_whole(arguments: list[str]) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert arguments[-2].encode() in done.stderr


def test_more_connections_than_the_system_allows_are_refused_with_the_numbers() -> None:
    serve = ("serve", "--max-connections", "137", "--max-notes", "36")
    line = complaint(run_in_shell('ulimit -n 300; "$@"', *serve))
    assert "137" in line
    assert "301" in line
    assert "300" in line


def test_help_names_every_setting() -> None:
    text = run("serve", "--help").stdout.decode()
    for item in fields(Settings):
        assert "--" + item.name.replace("_", "-") in text


def test_the_version_is_that_of_the_package() -> None:
    done = run("--version")
    assert (done.returncode, done.stdout.decode()) == (0, f"voxline {version('voxline')}\n")
