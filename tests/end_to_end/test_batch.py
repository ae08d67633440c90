"""`voxline notes batch`: every text becomes a file, once, whoever is stopped or killed."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from server.__main__ import main
from tests.helpers.command_line import INTERRUPTED, TIMEOUT_S, run
from tests.helpers.serving import ROOT, Server, starting, voxline

#: More than are made at once: when the first are there, others are not begun.
NUM_TEXTS = 40
RESUME = "voxline: stopped; the same command goes on from here"
#: A server, or this very command, that takes half a second for every step.
SLOW = ("tests.helpers.faulty_server", "slow")


@dataclass(frozen=True)
class Texts:
    """Texts that a tone speaks, and the files of their speech."""

    folder: Path

    def write(self) -> None:
        for number in range(NUM_TEXTS):
            (self.folder / f"n{number}.txt").write_text(f"Nr {number}.")

    @property
    def arguments(self) -> list[str]:
        """What is the same whoever makes them."""
        files = sorted(map(str, self.folder.glob("*.txt")))
        return ["notes", "batch", *files, "--out", str(self.out)]

    @property
    def out(self) -> Path:
        return self.folder / "audio"

    def found(self) -> dict[str, os.stat_result]:
        return {path.stem: path.stat() for path in self.out.glob("*.wav")}

    def wait_for_the_first(self, process: "subprocess.Popen[str]") -> None:
        while not self.found():
            assert process.poll() is None
            time.sleep(0.01)

    def assert_whole(self, found: dict[str, os.stat_result]) -> None:
        for name, status in found.items():
            text = (self.folder / f"{name}.txt").read_text()
            assert status.st_size == 44 + 2 * 1_600 * len(text)

    def assert_made_once(self, before: dict[str, os.stat_result]) -> None:
        """Pass if all are there, and those of `before` are the very same."""
        found = self.found()
        assert len(found) == NUM_TEXTS
        self.assert_whole(found)
        for name, status in before.items():
            assert (status.st_ino, status.st_mtime_ns) == (
                found[name].st_ino,
                found[name].st_mtime_ns,
            )
        journal = (self.out / ".voxline" / "journal.jsonl").read_text().splitlines()
        entries = [json.loads(line) for line in journal]
        made = Counter(entry["file"] for entry in entries if entry["num_bytes"] is not None)
        assert made == {f"{name}.wav": 1 for name in found}
        assert list((self.out / ".voxline" / "unfinished").iterdir()) == []


@pytest.fixture
def texts(tmp_path: Path) -> Texts:
    texts = Texts(tmp_path)
    texts.write()
    return texts


@contextmanager
def at_work(*command: str) -> Iterator["subprocess.Popen[str]"]:
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def stop(process: "subprocess.Popen[str]") -> str:
    """Press Ctrl-C, see what the user sees, and return what is counted."""
    assert process.stderr is not None
    process.send_signal(signal.SIGINT)
    assert process.wait(TIMEOUT_S) == INTERRUPTED
    assert process.stderr.readline().strip() == RESUME
    return process.stderr.read()


def note_metric(server: Server, name: str) -> float:
    for line in httpx.get(f"{server.http_url}/metrics").text.splitlines():
        if line.startswith(f"voxline_{name} "):
            return float(line.split()[-1])
    return 0.0


@pytest.mark.slow
def test_what_ctrl_c_has_stopped_here_is_gone_on_with_by_the_same_command(texts: Texts) -> None:
    with at_work(sys.executable, "-m", *SLOW, *texts.arguments, "--model", "tone") as process:
        texts.wait_for_the_first(process)
        counted = stop(process)
    before = texts.found()
    assert 0 < len(before) < NUM_TEXTS
    assert counted.startswith(f"{len(before)} of 40 there")
    texts.assert_whole(before)
    done = run(*texts.arguments, "--model", "tone")
    assert done.returncode == 0
    assert f"40 of 40 there, {len(before)} of them before" in done.stderr.decode()
    texts.assert_made_once(before)
    # Nothing waits in the hidden folder any more.
    assert list((texts.out / ".voxline" / "audio").iterdir()) == []
    # The third time nothing is loaded, not even a model.
    done = run(*texts.arguments, "--model", "tone", VOXLINE_DATA_DIR="/dev/null")
    assert (done.returncode, done.stderr) == (0, b"40 of 40 there, 40 of them before\n")


@pytest.mark.slow
def test_what_ctrl_c_has_stopped_is_made_once_by_a_server_that_goes_on(
    texts: Texts, tmp_path: Path
) -> None:
    serve = (*SLOW, "serve", "--model", "tone", "--data-dir", str(tmp_path / "data"))
    with starting(*serve) as server:
        command = (*texts.arguments, "--url", server.server.http_url)
        with at_work(*voxline(*command)) as process:
            texts.wait_for_the_first(process)
            counted = stop(process)
        before = texts.found()
        assert 0 < len(before) < NUM_TEXTS
        assert counted.startswith(f"{len(before)} of 40 there")
        assert run(*command).returncode == 0
        texts.assert_made_once(before)
        takes = note_metric(server.server, 'requests_total{kind="note",outcome="ok"}')
        assert takes == NUM_TEXTS


@pytest.mark.slow
def test_a_server_that_is_killed_and_started_again_makes_what_was_not_there(
    texts: Texts, tmp_path: Path
) -> None:
    data = ("--model", "tone", "--data-dir", str(tmp_path / "data"))
    with starting(*SLOW, "serve", *data) as killed:
        url = killed.server.http_url
        with at_work(*voxline(*texts.arguments, "--url", url)) as process:
            texts.wait_for_the_first(process)
            killed.signal(signal.SIGKILL)
            killed.wait()
            before = texts.found()
            with starting("server", "serve", *data, port=killed.server.port) as again:
                assert process.wait(TIMEOUT_S) == 0
                texts.assert_made_once(before)
                listed = httpx.get(f"{url}/v1/notes", params={"limit": 500}).json()["notes"]
                assert Counter(note["state"] for note in listed) == {"stored": NUM_TEXTS}
                takes = note_metric(again.server, 'requests_total{kind="note",outcome="ok"}')
    assert takes <= NUM_TEXTS - len(before)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--model", "tone", "--voice", "nobody"], "no voice 'nobody'"),
        (["--model", "absent"], "no model 'absent'"),
        (["--url", "http://127.0.0.1:1"], "http://127.0.0.1:1 cannot be reached"),
        (["--url", "127.0.0.1:1"], "url must be http://host:port"),
        (["--model", "tone", "--out", "/dev/null"], "/dev/null"),
    ],
)
def test_what_cannot_be_begun_is_said_in_one_line(
    texts: Texts, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert main([*texts.arguments, *arguments]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line
    assert texts.found() == {}
