"""`voxline doctor`: what it finds is what the other commands find."""

from importlib.metadata import metadata
from pathlib import Path

import pytest

from server.commands.doctor import _kept
from tests.helpers.command_line import player, run, run_in_shell


def findings(output: bytes) -> dict[str, str]:
    """Return the first word of each line with the rest; of several models the last."""
    lines = [line.partition(" ") for line in output.decode().splitlines()]
    return {name: rest.strip() for name, _, rest in lines}


def test_all_is_well_where_the_default_model_speaks() -> None:
    done = run("doctor")
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"model   espeak: " in done.stdout
    assert b"model   tone: " in done.stdout
    found = findings(done.stdout)
    assert found["redis"].startswith("streaq ")
    assert found["s3"].startswith("boto3 ")
    assert found["data"] == "none: no voice is kept, and no note that nobody waits for"


def test_every_extra_is_accounted_for() -> None:
    extras = set(metadata("voxline").get_all("Provides-Extra") or ())
    assert extras - {"dev", "loadtest"} <= findings(run("doctor").stdout).keys()


def test_without_the_default_model_the_status_is_1(tmp_path: Path) -> None:
    (tmp_path / "espeakng_loader.py").write_text("raise ImportError")
    done = run("doctor", PYTHONPATH=str(tmp_path))
    assert done.returncode == 1
    assert b"voxline[espeak]" in done.stdout
    assert run("doctor", PYTHONPATH=str(tmp_path), VOXLINE_MODEL="tone").returncode == 0


def test_a_model_that_is_not_there_is_named() -> None:
    done = run("doctor", VOXLINE_MODEL="absent")
    assert done.returncode == 1
    assert b"no model 'absent'" in done.stdout


@pytest.mark.parametrize(("limit", "carried"), [(50, 0), (200, 72)])
def test_it_counts_the_connections_that_are_left(limit: int, carried: int) -> None:
    done = run_in_shell(f'ulimit -n {limit}; "$@"', "doctor")
    assert (
        findings(done.stdout)["files"] == f"ulimit -Hn is {limit}: {carried} connections and notes"
    )


def nvidia_smi(folder: Path, line: str) -> str:
    program = folder / "nvidia-smi"
    program.write_text(f"#!/bin/sh\n{line}\n")
    program.chmod(0o755)
    return str(folder)


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("echo GPU 0; echo GPU 1", "2 behind an NVIDIA driver"),
        ("echo no driver; exit 9", "nvidia-smi fails"),
    ],
)
def test_a_gpu_counts_only_if_its_driver_answers(tmp_path: Path, line: str, found: str) -> None:
    done = run("doctor", PATH=nvidia_smi(tmp_path, line))
    assert findings(done.stdout)["gpu"].startswith(found)


def test_the_player_is_the_one_that_would_play(tmp_path: Path) -> None:
    path = player(tmp_path, "exit 0")
    (tmp_path / "pw-play").symlink_to(tmp_path / "aplay")
    assert findings(run("doctor", PATH=path).stdout)["player"] == str(tmp_path / "aplay")


@pytest.mark.parametrize(
    ("folder", "found"),
    [
        ("not/there", "not/there: voices and notes can be kept, "),
        ("file/x", "file/x: {}/file cannot be written, so no voice or note is kept"),
    ],
)
def test_it_says_whether_notes_and_voices_can_be_kept(
    tmp_path: Path, folder: str, found: str
) -> None:
    (tmp_path / "file").touch()
    assert _kept(f"{tmp_path}/{folder}").startswith(f"{tmp_path}/{found.format(tmp_path)}")
    assert not (tmp_path / "not").exists()
