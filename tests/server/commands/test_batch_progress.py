"""How a batch shows itself: a bar that stays on its line, or little enough for a log."""

import sys
from pathlib import Path

import pytest

from server.commands.batch import progress as progress_module
from server.commands.batch.progress import Progress
from server.commands.batch.scripts import Script

ONE, TWO = (Script(Path(f"{name}.txt"), Path(f"{name}.wav")) for name in ("one", "two"))
ERASE = "\r\x1b[K"


class Clock:
    now_s = 100.0

    def monotonic(self) -> float:
        return self.now_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(progress_module, "time", clock)
    return clock


def test_a_log_gets_a_line_now_and_then(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress(2)
    for _ in range(80):
        clock.now_s += 0.5
        progress.is_at(ONE, clock.now_s - 100)
    assert capsys.readouterr().err.splitlines() == [
        "0 of 2 there, 15.0 s of speech, 1x real time",
        "0 of 2 there, 30.0 s of speech, 1x real time",
    ]
    progress.made(ONE)
    progress.failed(TWO, "has nothing to speak")
    progress.finish()
    assert capsys.readouterr().err.splitlines() == [
        "voxline: two.txt: has nothing to speak",
        "1 of 2 there, 1 failed, 40.0 s of speech, 1x real time",
    ]


def test_a_terminal_gets_a_bar_that_never_breaks_its_line(
    clock: Clock, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "60")
    progress = Progress(2)
    clock.now_s += 0.5
    progress.is_at(ONE, 1.5)
    progress.made(ONE)
    clock.now_s += 0.5
    progress.failed(TWO, "is not UTF-8")
    progress.finish()
    first, said, bar, last = capsys.readouterr().err.removeprefix(ERASE).split(ERASE)
    assert first == "[------------------------] 0 of 2 there, 1.5 s of speech, 3x real time"[:59]
    assert said == "voxline: two.txt: is not UTF-8\n"
    assert bar.startswith("[########################] 1 of 2 there, 1 failed, 1.5 s")
    assert len(bar) == 59
    assert last == "1 of 2 there, 1 failed, 1.5 s of speech, 2x real time\n"


def test_that_nothing_goes_on_is_said_but_not_by_everybody(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    progress = Progress(2)
    progress.waits(0.5, "a moment")
    for _ in range(16):
        progress.waits(5.0, "away")
    clock.now_s += 10
    progress.waits(60.0, "full")
    assert capsys.readouterr().err.splitlines() == [
        "voxline: waiting 5 s: away",
        "voxline: waiting 60 s: full",
    ]
