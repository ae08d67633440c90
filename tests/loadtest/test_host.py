"""The bench of the host's work counts whole steps, and says whether the bound is kept."""

import json
import subprocess
from pathlib import Path

import pytest
import torch

from loadtest import host
from tests.helpers.pages import command, run_here
from tests.helpers.serving import ROOT

PARTS = ["plan", "run", "apply", "deliver"]


@pytest.fixture(autouse=True)
def collected_as_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "tame_gc", lambda: None)


def test_every_measured_step_makes_a_frame_of_each_row() -> None:
    steps = host.Host(3, torch.device("cpu")).measure(5)
    assert len(steps) == 5
    assert all(list(step) == PARTS for step in steps)


def test_steps_that_make_less_are_no_figure() -> None:
    bench = host.Host(1, torch.device("cpu"))
    # Its text is over before.
    with pytest.raises(RuntimeError, match="not every row"):
        bench.measure(2_000)


@pytest.mark.parametrize(("bound_ms", "status"), [(1e9, 0), (0.0, 1)])
def test_the_status_says_whether_the_bound_is_kept(
    monkeypatch: pytest.MonkeyPatch, bound_ms: float, status: int
) -> None:
    monkeypatch.setattr(host, "BOUND_MS", bound_ms)
    assert host.main(["--batch", "2", "--steps", "3"]) == status


def test_the_longest_bench_ends_before_a_segment_does() -> None:
    assert len(host.Host(1, torch.device("cpu")).measure(host.MAX_STEPS)) == host.MAX_STEPS


def test_what_is_printed_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "result.json"
    host.main(["--batch", "2", "--steps", "3", "--json", str(file)])
    result = json.loads(file.read_text())
    title, *lines = capsys.readouterr().out.splitlines()
    assert (result["machine"], result["bound_ms"]) == (title, host.BOUND_MS)
    for part, line in zip([*PARTS, "step"], lines, strict=True):
        assert f"{result[f'{part}_ms']:.3f} ms" in line


@pytest.mark.slow
def test_the_command_of_the_page_prints_every_part() -> None:
    done = subprocess.run(
        run_here(command("host", "loadtest") + " --batch 2 --steps 3"),
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    _, *parts, whole = done.stdout.splitlines()
    assert [part.split()[0] for part in parts] == PARTS
    assert done.returncode == ("MISSED" in whole)
