"""The command line as a user types it."""

import subprocess
import wave
from dataclasses import fields
from pathlib import Path

import pytest

from server.settings import Settings
from tests.helpers.serving import ROOT, voxline

TEXT = "Said without a server."
SAMPLES = 1_600 * len(TEXT)


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    command = voxline(*arguments, environment=environment)
    return subprocess.run(command, cwd=ROOT, capture_output=True, check=False, timeout=30)


def test_say_writes_a_wav_that_knows_its_length(tmp_path: Path) -> None:
    target = tmp_path / "said.wav"
    assert run("say", TEXT, "--model", "tone", "-o", str(target)).returncode == 0
    with wave.open(str(target)) as file:
        assert file.getnframes() == SAMPLES
    assert target.stat().st_size == 44 + 2 * SAMPLES


def test_say_streams_pcm_to_standard_output() -> None:
    done = run("say", TEXT, "--model", "tone", "-o", "-")
    assert (done.returncode, len(done.stdout), done.stderr) == (0, 2 * SAMPLES, b"")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["say", "x", "--model", "tone", "--voice", "nobody"], b"nobody"),
        (["say", "x", "--model", "tone", "-o", "x.doc"], b"x.doc"),
        (["say", "x", "--model", "none"], b"none"),
        (["serve", "--port", "70000"], b"port must be"),
        (["serve", "--max-calls", "0"], b"max_calls must be"),
        (["serve", "--tls-cert", "x.pem"], b"tls_key"),
        (["serve", "--model", "tone", "--tone-step-ms", "fast"], b"tone_step_ms"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(arguments: list[str], message: bytes) -> None:
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (1, b"")
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_bad_variable_is_named() -> None:
    done = run("serve", VOXLINE_MAX_NOTES="many")
    assert done.returncode == 1
    assert b"VOXLINE_MAX_NOTES" in done.stderr


def test_help_names_every_setting() -> None:
    text = run("serve", "--help").stdout.decode()
    for item in fields(Settings):
        assert "--" + item.name.replace("_", "-") in text
