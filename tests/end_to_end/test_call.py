"""`voxline call`: mistakes in one line, text as it is typed, and ends that wait for nobody."""

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import soundfile

from tests.helpers.command_line import (
    INTERRUPTED,
    NO_READER,
    SLOW,
    complaint,
    ended,
    player,
    run,
    run_in_shell,
    running,
    stalled_player,
)
from tests.helpers.serving import Server, starting

TEXT = "Said through a server."
SAMPLES = 1_600 * len(TEXT)
#: More than a client's window and a pipe hold, less than a server's limit.
LONG = "word " * 500


@pytest.fixture
def url(tone: Server) -> str:
    return tone.ws_url


@pytest.fixture(params=["argument", "pipe", "file"])
def said(request: pytest.FixtureRequest, url: str, tmp_path: Path) -> Iterator[bytes]:
    if request.param == "argument":
        yield run("call", url, TEXT, "-o", "-").stdout
    elif request.param == "pipe":
        yield run("call", url, "-", "-o", "-", stdin=TEXT.encode()).stdout
    else:
        (tmp_path / "text").write_text(TEXT)
        yield run_in_shell(f'"$@" <{tmp_path / "text"}', "call", url, "-", "-o", "-").stdout


@pytest.mark.slow
def test_every_sample_arrives_wherever_the_text_comes_from(said: bytes) -> None:
    assert len(said) == 2 * SAMPLES


@pytest.mark.slow
@pytest.mark.parametrize(
    "ending", ["opus", "wav", *(pytest.param(each, marks=SLOW) for each in ("mp3", "ogg", "flac"))]
)
def test_a_format_gets_a_rate_that_it_can_carry(
    espeak: Server, tmp_path: Path, ending: str
) -> None:
    target = tmp_path / f"said.{ending}"
    assert run("call", espeak.ws_url, TEXT, "-o", str(target)).returncode == 0
    with soundfile.SoundFile(target) as file:
        assert file.samplerate == (24_000 if ending in {"opus", "ogg"} else 22_050)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([TEXT, "--speed", "9"], "speed must be"),
        pytest.param([TEXT, "--pitch", "nan"], "pitch must be", marks=SLOW),
        pytest.param([TEXT, "--sample-rate", "1"], "sample_rate must be", marks=SLOW),
        ([TEXT, "--voice", "nobody"], "nobody"),
        pytest.param([TEXT, "--voice", "\udcff"], "UTF-8", marks=SLOW),
        (["\udcff"], "UTF-8"),
        pytest.param(["x" * 20_001], "20000 characters", marks=SLOW),
        pytest.param([" "], "nothing to speak", marks=SLOW),
        (["-"], "nothing to speak"),
        ([TEXT, "-o", "absent/said.wav"], "absent/said.wav"),
        pytest.param([TEXT, "-o", "said.doc"], "ending must be", marks=SLOW),
        pytest.param(
            [TEXT, "-o", "said.mp3", "--sample-rate", "37777"], "mp3 cannot carry", marks=SLOW
        ),
    ],
)
def test_a_mistake_is_said_in_one_line(url: str, arguments: list[str], message: str) -> None:
    assert message in complaint(run("call", url, "-o", "-", *arguments))


def test_a_server_that_is_not_there_is_said_in_one_line() -> None:
    assert "127.0.0.1:1" in complaint(run("call", "ws://127.0.0.1:1/ws/tts", TEXT, "-o", "-"))


def test_input_that_is_not_utf_8_is_said_in_one_line(url: str) -> None:
    done = run("call", url, "-", "-o", "-", stdin=b"Well: \xff")
    assert "UTF-8" in complaint(done)


@pytest.mark.parametrize("end", [">&-", ">/dev/full"])
def test_an_output_that_takes_nothing_is_said_in_one_line(url: str, end: str) -> None:
    complaint(run_in_shell(f'"$@" {end}', "call", url, TEXT, "-o", "-"))


def test_a_reader_that_leaves_ends_the_call_without_a_word(url: str) -> None:
    with running("call", url, LONG, "-o", "-") as process:
        assert process.stdout is not None
        process.stdout.read(100)
        process.stdout.close()
        assert ended(process) == (NO_READER, b"")


def test_without_an_output_it_is_played(url: str, tmp_path: Path) -> None:
    played = tmp_path / "played"
    path = player(tmp_path, '/bin/cat >"$PLAYED"')
    assert run("call", url, TEXT, PATH=path, PLAYED=str(played)).returncode == 0
    assert played.stat().st_size == 2 * SAMPLES


@pytest.mark.slow
@pytest.mark.parametrize("lines", [["exit 3"], ["/bin/cat >/dev/null", "exit 3"]])
def test_a_player_that_fails_is_named(url: str, tmp_path: Path, lines: list[str]) -> None:
    assert "aplay" in complaint(run("call", url, LONG, PATH=player(tmp_path, *lines)))


def hear_first_words(process: "subprocess.Popen[bytes]") -> None:
    """Type a line, and wait until it is heard; then the command waits for the next."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(b"Hello there.\n")
    process.stdout.read(100)


def test_ctrl_c_does_not_wait_for_another_line(url: str) -> None:
    with running("call", url, "-", "-o", "-") as process:
        hear_first_words(process)
        process.send_signal(signal.SIGINT)
        assert ended(process) == (INTERRUPTED, b"")


@pytest.mark.slow
def test_a_server_that_dies_is_said_once_and_at_once() -> None:
    with (
        starting("server", "serve", "--model", "tone") as server,
        running("call", server.server.ws_url, "-", "-o", "-") as process,
    ):
        hear_first_words(process)
        server.signal(signal.SIGKILL)
        status, said = ended(process)
    assert (status, len(said.splitlines())) == (1, 1)


@pytest.mark.slow
def test_ctrl_c_silences_a_player_that_takes_nothing(url: str, tmp_path: Path) -> None:
    stalled = tmp_path / "stalled"
    with running("call", url, LONG, PATH=stalled_player(tmp_path), STALLED=str(stalled)) as process:
        while not stalled.exists():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        # The player holds standard error too: its end is the player's.
        assert ended(process) == (INTERRUPTED, b"")
