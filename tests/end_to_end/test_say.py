"""`voxline say`: where the speech goes, and what becomes of a file when it cannot go on."""

import os
import pty
import signal
import subprocess
import threading
import wave
from pathlib import Path

import pytest
import soundfile

from tests.helpers.command_line import (
    INTERRUPTED,
    NO_READER,
    SLOW,
    TIMEOUT_S,
    complaint,
    ended,
    player,
    run,
    run_in_shell,
    running,
    stalled_player,
)
from tests.helpers.serving import ROOT, voxline

TEXT = "Said without a server."
SAMPLES = 1_600 * len(TEXT)
#: As much as a pipe takes at once: an hour of speech.
ENDLESS = "The quick brown fox jumps over the lazy dog. " * 1_400
#: More than a pipe holds.
LONG = "word " * 500
TONE = ("--model", "tone")
#: A codec's frame and its padding.
PADDING_S = 0.12


def test_a_wav_knows_its_length(tmp_path: Path) -> None:
    target = tmp_path / "said.wav"
    assert run("say", TEXT, *TONE, "-o", str(target)).returncode == 0
    with wave.open(str(target)) as file:
        assert file.getnframes() == SAMPLES
    assert target.stat().st_size == 44 + 2 * SAMPLES


@pytest.mark.parametrize("source", ["argument", "standard input"])
def test_pcm_streams_to_standard_output(source: str) -> None:
    text, stdin = (TEXT, b"") if source == "argument" else ("-", TEXT.encode())
    done = run("say", text, *TONE, "-o", "-", stdin=stdin)
    assert (done.returncode, len(done.stdout), done.stderr) == (0, 2 * SAMPLES, b"")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "ending"),
    [
        ("tone", "mp3"),
        *(pytest.param("tone", ending, marks=SLOW) for ending in ("opus", "ogg", "flac")),
        ("espeak", "opus"),
        *(pytest.param("espeak", ending, marks=SLOW) for ending in ("mp3", "ogg", "flac")),
    ],
)
def test_a_format_gets_a_rate_that_it_can_carry(tmp_path: Path, model: str, ending: str) -> None:
    target = tmp_path / f"said.{ending}"
    assert run("say", TEXT, "--model", model, "-o", str(target)).returncode == 0
    plain = run("say", TEXT, "--model", model, "-o", "-")
    with soundfile.SoundFile(target) as file:
        rate_hz = {"tone": 24_000, "espeak": 22_050}[model]
        # A streamed file does not say its length, so it is read forward, to the end.
        file.seekable = lambda: False
        duration_s = len(file.read(60 * file.samplerate)) / file.samplerate
    assert duration_s == pytest.approx(len(plain.stdout) / 2 / rate_hz, abs=PADDING_S)


@pytest.mark.parametrize(("ending", "law"), [("mulaw", "ULAW"), ("alaw", "ALAW")])
def test_a_file_for_a_telephone_has_8000_samples_a_second(
    tmp_path: Path, ending: str, law: str
) -> None:
    target = tmp_path / f"said.{ending}"
    assert run("say", TEXT, *TONE, "-o", str(target)).returncode == 0
    pcm, _ = soundfile.read(target, samplerate=8000, channels=1, format="RAW", subtype=law)
    assert len(pcm) == SAMPLES * 8000 // 24_000
    assert abs(pcm).max() > 0.1


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("kept.alaw", ["--sample-rate", "16000"], "alaw cannot carry 16000 Hz, only 8000"),
        pytest.param(
            *("kept.mp3", ["--sample-rate", "37777"], "mp3 cannot carry 37777 Hz"), marks=SLOW
        ),
        pytest.param(
            *("kept.opus", ["--sample-rate", "44100"], "opus cannot carry 44100 Hz"), marks=SLOW
        ),
        ("kept.wav", ["--speed", "9"], "speed must be"),
        pytest.param("kept.doc", [], "ending must be one of", marks=SLOW),
    ],
)
def test_what_cannot_be_made_leaves_the_file_as_it_was(
    tmp_path: Path, name: str, arguments: list[str], message: str
) -> None:
    target = tmp_path / name
    target.write_bytes(b"precious")
    assert message in complaint(run("say", TEXT, *TONE, *arguments, "-o", str(target)))
    assert target.read_bytes() == b"precious"


def test_without_the_codecs_an_mp3_is_refused_with_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "av.py").write_text("raise ImportError")
    arguments = ("say", TEXT, *TONE, "-o", str(tmp_path / "said.mp3"))
    assert "voxline[codecs]" in complaint(run(*arguments, PYTHONPATH=str(tmp_path)))


@pytest.mark.parametrize(
    "text", ["", *(pytest.param(text, marks=SLOW) for text in (" \n", "-")), "..."]
)
def test_a_text_with_nothing_to_speak_is_refused_and_makes_no_file(
    tmp_path: Path, text: str
) -> None:
    target = tmp_path / "said.mp3"
    assert "nothing to speak" in complaint(run("say", text, "-o", str(target)))
    assert not target.exists()


def test_a_pipe_takes_a_wav_of_unknown_length(tmp_path: Path) -> None:
    target = tmp_path / "said.wav"
    os.mkfifo(target)
    taken: list[bytes] = []
    reader = threading.Thread(target=lambda: taken.append(target.read_bytes()))
    reader.start()
    done = run("say", TEXT, *TONE, "-o", str(target))
    reader.join()
    assert (done.returncode, done.stderr) == (0, b"")
    assert (taken[0][40:44], len(taken[0])) == (b"\xff\xff\xff\xff", 44 + 2 * SAMPLES)


def test_ctrl_c_ends_the_speech_and_leaves_a_valid_file(tmp_path: Path) -> None:
    target = tmp_path / "said.wav"
    with running("say", "-", "-o", str(target)) as process:
        assert process.stdin is not None
        process.stdin.write(ENDLESS.encode())
        process.stdin.close()
        while not target.exists() or target.stat().st_size <= 44:
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert ended(process) == (INTERRUPTED, b"")
    with wave.open(str(target)) as file:
        assert 44 + 2 * file.getnframes() == target.stat().st_size


def test_a_reader_that_leaves_ends_the_speech_without_a_word() -> None:
    with running("say", "-", *TONE, "-o", "-") as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(ENDLESS.encode())
        process.stdin.close()
        assert len(process.stdout.read(100)) == 100
        process.stdout.close()
        assert ended(process) == (NO_READER, b"")


@pytest.mark.parametrize("end", [">&-", ">/dev/full"])
def test_an_output_that_takes_nothing_is_said_in_one_line(end: str) -> None:
    complaint(run_in_shell(f'"$@" {end}', "say", TEXT, *TONE, "-o", "-"))


def test_closed_standard_input_is_said_in_one_line() -> None:
    done = run_in_shell('"$@" <&-', "say", "-", *TONE, "-o", "-")
    assert "standard input is closed" in complaint(done)


def test_text_is_spoken_as_it_is_typed_and_ctrl_c_does_not_wait_for_more() -> None:
    with running("say", "-", *TONE, "-o", "-") as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"Hello there, without the end of a line")
        assert process.stdout.read(100)
        process.send_signal(signal.SIGINT)
        assert ended(process) == (INTERRUPTED, b"")


def test_pcm_is_refused_to_a_terminal() -> None:
    controller, terminal = pty.openpty()
    try:
        command = voxline("say", TEXT, *TONE, "-o", "-")
        done = subprocess.run(
            command,
            cwd=ROOT,
            stdout=terminal,
            stderr=subprocess.PIPE,
            check=False,
            timeout=TIMEOUT_S,
        )
        assert "-o FILE" in complaint(done)
    finally:
        os.close(terminal)
        os.close(controller)


def test_without_an_output_it_is_played(tmp_path: Path) -> None:
    path = player(tmp_path, '/bin/cat >"$PLAYED"')
    played = tmp_path / "played"
    done = run("say", TEXT, *TONE, PATH=path, PLAYED=str(played))
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert played.stat().st_size == 2 * SAMPLES


def test_without_a_player_it_says_what_to_do(tmp_path: Path) -> None:
    done = run("say", TEXT, *TONE, PATH=str(tmp_path))
    assert "-o FILE" in complaint(done)
    assert done.stdout == b""


@pytest.mark.parametrize("lines", [["exit 3"], ["/bin/cat >/dev/null", "exit 3"]])
def test_a_player_that_fails_is_named(tmp_path: Path, lines: list[str]) -> None:
    done = run("say", LONG, *TONE, PATH=player(tmp_path, *lines))
    assert "aplay" in complaint(done)
    assert "3" in complaint(done)


def test_the_model_can_be_set_in_the_environment() -> None:
    done = run("say", TEXT, "-o", "-", VOXLINE_MODEL="tone")
    assert len(done.stdout) == 2 * SAMPLES
    done = run("say", TEXT, "-o", "-", *TONE, VOXLINE_MODEL="none")
    assert len(done.stdout) == 2 * SAMPLES


@pytest.mark.parametrize(
    ("arguments", "stdin"),
    [
        (["say", "\udcff"], b""),
        (["say", TEXT, "--voice", "\udcff"], b""),
        (["say", "-"], b"\xff"),
    ],
)
def test_what_is_not_utf_8_is_said_in_one_line(arguments: list[str], stdin: bytes) -> None:
    assert "UTF-8" in complaint(run(*arguments, *TONE, "-o", "-", stdin=stdin))


def test_ctrl_c_silences_a_player_that_takes_nothing(tmp_path: Path) -> None:
    stalled = tmp_path / "stalled"
    with running(
        "say", LONG, *TONE, PATH=stalled_player(tmp_path), STALLED=str(stalled)
    ) as process:
        while not stalled.exists():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        # The player holds standard error too: its end is the player's.
        assert ended(process) == (INTERRUPTED, b"")
