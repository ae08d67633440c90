"""The examples do what their page says, by the commands that it shows."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from tests.helpers.pages import blocks, command, run_here
from tests.helpers.serving import ROOT, Server, serving, starting
from tests.test_readme import AUDIBLE, RUN_BY_EXAMPLES, assert_speech

FOLDER = "examples"
PAGE = ROOT / FOLDER / "README.md"
#: Of `echo`: 16-bit samples at 24 kHz.
BYTES_PER_S = 48_000
LINE = "Your parcel left the depot this morning and should be with you before noon tomorrow."


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving("espeak") as server:
        yield server


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder beside the examples, to run them in."""
    (tmp_path / FOLDER).symlink_to(ROOT / FOLDER)
    return tmp_path


def test_every_command_of_the_page_is_run_by_a_test() -> None:
    names = {block.name for block in blocks(PAGE) if block.language == "bash"}
    assert names == RUN_BY_EXAMPLES


def test_every_example_is_on_the_page() -> None:
    files = {path.name for path in PAGE.parent.iterdir() if path.suffix in {".py", ".sh"}}
    named = set(re.findall(r"^\| \[([^]]+)\]", PAGE.read_text(encoding="utf-8"), re.MULTILINE))
    assert named == files - {"__init__.py"}


def test_an_interrupted_reply_knows_what_was_heard(server: Server, folder: Path) -> None:
    shell = run_here(command("interrupt", FOLDER), server)
    done = subprocess.run(shell, cwd=folder, check=True, capture_output=True, text=True)
    assert re.search(r"heard: '\w[^']*'\nthen said \d\.\d+ s more", done.stdout), done.stdout


@contextmanager
def echoing(server: Server, folder: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Run the echo, without the file of its command; what is left of it at the end is killed."""
    shell, _ = command("echo", FOLDER).split(" > ")
    pipe = subprocess.PIPE
    with subprocess.Popen(
        run_here(f"exec {shell}", server), cwd=folder, stdin=pipe, stdout=pipe, stderr=pipe
    ) as echo:
        try:
            yield echo
        finally:
            echo.kill()


def type_line(echo: "subprocess.Popen[bytes]") -> None:
    """Type a line, and wait until half a second of it was played."""
    assert echo.stdin is not None
    assert echo.stdout is not None
    echo.stdin.write(f"{LINE}\n".encode())
    echo.stdin.flush()
    num_audible = 0
    while num_audible < BYTES_PER_S / 2:
        piece = echo.stdout.read(BYTES_PER_S // 50)
        assert piece
        num_audible += len(piece) * any(piece)


@pytest.mark.slow
def test_a_line_that_is_typed_cuts_the_one_that_is_spoken(server: Server, folder: Path) -> None:
    with echoing(server, folder) as echo:
        type_line(echo)
        rest, told = echo.communicate(b"Of course.\n", timeout=30)
        assert echo.returncode == 0
    cut, whole = re.findall(r"heard: '(.*)'", told.decode())
    assert LINE.startswith(cut)
    assert len(cut) < len(LINE) / 2
    assert whole == "Of course."
    samples = np.frombuffer(rest, "<i2") / 2**15
    assert np.sqrt(np.mean(np.square(samples))) > AUDIBLE
    # A second for the answer, and what was on the way when the line was typed.
    assert len(rest) < 3 * BYTES_PER_S


@pytest.mark.slow
def test_an_echo_ends_with_its_server(folder: Path) -> None:
    with (
        starting("server", "serve", "--model", "espeak") as mortal,
        echoing(mortal.server, folder) as echo,
    ):
        type_line(echo)
        mortal.signal(signal.SIGKILL)
        assert echo.stdout is not None
        echo.stdout.read()
        assert echo.wait(30) != 0


def test_a_note_by_curl_is_a_file_of_speech(server: Server, folder: Path) -> None:
    subprocess.run(run_here(command("curl", FOLDER), server), cwd=folder, check=True)
    assert_speech(folder / "hello.wav")


def test_a_note_by_curl_may_say_whatever_a_line_may_hold(server: Server, folder: Path) -> None:
    text = r'A "quoted" word, a back\slash, and an umlaut: grün.'
    note = ["sh", "examples/note.sh", server.http_url, text, "quoted.wav"]
    subprocess.run(note, cwd=folder, check=True)
    assert_speech(folder / "quoted.wav")


def test_a_note_that_is_refused_is_no_file_and_says_why(server: Server, folder: Path) -> None:
    note = ["sh", "examples/note.sh", server.http_url, " ", "empty.wav"]
    done = subprocess.run(note, cwd=folder, check=False, capture_output=True, text=True)
    assert done.returncode != 0
    assert "bad_value" in done.stderr
    assert not (folder / "empty.wav").exists()


@pytest.mark.parametrize(
    "shell", [[sys.executable, "-m", "examples.interrupt"], ["sh", "examples/note.sh"]]
)
def test_an_example_without_its_url_shows_its_usage(shell: list[str]) -> None:
    done = subprocess.run(shell, cwd=ROOT, check=False, capture_output=True, text=True)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("usage: ")
    assert "://127.0.0.1:8080" in line
