"""Standard streams as a shell may leave them: closed, full, or without a reader."""

import os
import select
import signal
import subprocess
import sys

import pytest

from tests.helpers.command_line import (
    INTERRUPTED,
    NO_READER,
    TIMEOUT_S,
    complaint,
    ended,
    run_in_shell,
)
from tests.helpers.serving import ROOT, Server, voxline

SERVE = ("serve", "--port", "0", "--model", "tone")
#: More than a client's window and a pipe hold.
LONG = "word " * 500
#: Outputs are buffered as everywhere but where somebody has asked Python not to.
BUFFERED = 'unset PYTHONUNBUFFERED; exec "$@"'


@pytest.mark.slow
@pytest.mark.parametrize("command", [SERVE, ("doctor",), ("--version",), ("serve", "--help")])
def test_an_output_that_takes_nothing_is_said_in_one_line_and_ends_the_command(
    command: tuple[str, ...],
) -> None:
    assert "No space left" in complaint(run_in_shell(f"{BUFFERED} >/dev/full", *command))


@pytest.mark.slow
@pytest.mark.parametrize("command", [SERVE, ("doctor",), ("--version",)])
def test_an_output_that_nobody_reads_ends_the_command_without_a_word(
    command: tuple[str, ...],
) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as output:
        done = subprocess.run(
            ["bash", "-c", BUFFERED, "bash", *voxline(*command)],
            cwd=ROOT,
            stdout=output,
            stderr=subprocess.PIPE,
            check=False,
            timeout=TIMEOUT_S,
        )
    assert (done.returncode, done.stderr) == (NO_READER, b"")


@pytest.mark.slow
@pytest.mark.parametrize("closed", ["<&-", "2>&-"])
def test_a_server_with_a_closed_stream_serves_and_ends_well(closed: str) -> None:
    with subprocess.Popen(
        ["bash", "-c", f'exec "$@" {closed}', "bash", *voxline(*SERVE)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
    ) as process:
        try:
            assert process.stdout is not None
            assert b"ready\n" in iter(process.stdout.readline, b"")
            process.send_signal(signal.SIGTERM)
            assert process.wait(TIMEOUT_S) == 0
        finally:
            process.kill()


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_nothing_takes_the_number_of_a_stream_that_the_shell_has_closed(closed: str) -> None:
    program = (
        "import os, sys\n"
        "from server.commands.standard_streams import open_closed\n"
        "open_closed()\n"
        "sys.exit(min(os.pipe()) <= 2)\n"
    )
    script = f'exec "$@" {closed}'
    command = ["bash", "-c", script, "bash", sys.executable, "-c", program]
    assert subprocess.run(command, cwd=ROOT, check=False, timeout=TIMEOUT_S).returncode == 0


def test_an_error_is_no_speech_where_standard_error_is_closed() -> None:
    mistaken = ("say", "x", "--model", "tone", "--voice", "nobody", "-o", "-")
    done = run_in_shell('exec "$@" 2>&-', *mistaken)
    assert (done.returncode, done.stdout) == (1, b"")


@pytest.mark.slow
@pytest.mark.parametrize("command", ["say", "call"])
def test_ctrl_c_ends_a_write_that_nobody_takes(command: str, tone: Server) -> None:
    whither = ("--model", "tone") if command == "say" else (tone.ws_url,)
    reader, writer = os.pipe()
    with subprocess.Popen(
        voxline(command, *whither, LONG, "-o", "-"),
        cwd=ROOT,
        stdout=writer,
        stderr=subprocess.PIPE,
    ) as process:
        try:
            while select.select([], [writer], [], 0)[1]:
                assert process.poll() is None
            process.send_signal(signal.SIGINT)
            assert ended(process) == (INTERRUPTED, b"")
        finally:
            process.kill()
            os.close(reader)
            os.close(writer)
