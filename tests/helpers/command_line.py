"""The command `voxline` as a user types it."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.helpers.serving import ROOT, voxline

#: Far longer than any command here takes: only a hang gets there.
TIMEOUT_S = 30.0
#: A process for each case takes half a second: one of each kind is run by default.
SLOW = pytest.mark.slow
#: What a shell says of a program that Ctrl-C has ended, and of one without a reader.
INTERRUPTED, NO_READER = 130, 141


def run(
    *arguments: str, stdin: bytes = b"", **environment: str
) -> subprocess.CompletedProcess[bytes]:
    """Run to the end."""
    command = voxline(*arguments, environment=environment)
    return subprocess.run(
        command, cwd=ROOT, input=stdin, capture_output=True, check=False, timeout=TIMEOUT_S
    )


def run_in_shell(script: str, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """Run a script of the shell in which `"$@"` is the command."""
    command = ["bash", "-c", script, "bash", *voxline(*arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, check=False, timeout=TIMEOUT_S)


@contextmanager
def running(*arguments: str, **environment: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Run while the block does; every stream is a pipe."""
    with subprocess.Popen(
        voxline(*arguments, environment=environment),
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def ended(process: "subprocess.Popen[bytes]") -> tuple[int, bytes]:
    """Wait for the end with standard input still open; return status and standard error."""
    assert process.stderr is not None
    status = process.wait(TIMEOUT_S)
    return status, process.stderr.read()


def complaint(done: subprocess.CompletedProcess[bytes]) -> str:
    """Return the one line that a command says before it ends with status 1."""
    assert done.returncode == 1, done
    (line,) = done.stderr.decode().splitlines()
    assert line.startswith("voxline: ")
    return line


def player(folder: Path, *lines: str) -> str:
    """Make a player of shell commands; return the PATH on which it is the only program."""
    program = folder / "aplay"
    program.write_text("\n".join(["#!/bin/sh", *lines]))
    program.chmod(0o755)
    return str(folder)


def stalled_player(folder: Path) -> str:
    """Make a player that takes nothing, and makes the file `$STALLED` once no more fits."""
    return player(folder, f"exec {sys.executable} -c '{_STALL}'")


#: Its own end of the pipe to write to tells whether more fits.
_STALL = """
import os, pathlib, select, signal
inlet = os.open("/proc/self/fd/0", os.O_WRONLY | os.O_NONBLOCK)
while select.select([], [inlet], [], 0)[1]:
    pass
pathlib.Path(os.environ["STALLED"]).touch()
signal.pause()
"""
