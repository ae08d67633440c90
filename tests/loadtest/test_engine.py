"""The engine's bench counts what a runner makes, where its time goes, and what it must take."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from engine.runners.s1.model import S1Model
from loadtest import engine, step_bench
from loadtest.stages import STAGES
from tests.engine.s1.speaker import tiny_speaker

MACHINE = ("--threads", "1", "--dtype", "float32", "--bandwidth-gb-s", "10", "--tflops", "0.1")


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Iterator[S1Model]:
    torch.set_num_threads(1)
    tiny_speaker.cache_clear()
    speaker = tiny_speaker(end_scale=0.0)
    monkeypatch.setattr(engine, "random_model", lambda _device, _dtype: speaker)
    yield speaker
    tiny_speaker.cache_clear()


@pytest.mark.slow
@pytest.mark.usefixtures("model")
def test_a_figure_adds_up_and_stands_beside_its_bound(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "result.json"
    sizes = ["--batch", "1,2", "--chunk", "2", "--context", "90", "--repeats", "1"]
    assert engine.main([*sizes, *MACHINE, "--json", str(file)]) == 0
    result = json.loads(file.read_text())
    assert [figure["batch"] for figure in result["batches"]] == [1, 2]
    for figure in result["batches"]:
        stages = [figure[f"{stage}_ms"] for stage in STAGES]
        assert sum(stages) == pytest.approx(figure["ms_per_frame"])
        assert all(stage > 0 for stage in stages)
        made_ms = 1e3 * figure["batch"] / figure["frames_per_s"]
        assert made_ms == pytest.approx(figure["ms_per_frame"])
        bounds = result["bounds"][str(figure["batch"])]
        assert figure["bound_ms"] == pytest.approx(sum(b["bound_ms"] for b in bounds.values()))
        assert figure["bound_ms"] < figure["ms_per_frame"]
    assert (result["bytes_per_s"], result["flops_per_s"]) == (10e9, 0.1e12)
    assert result["streams_in_real_time"] in (0, 1, 2)
    shown = capsys.readouterr().out
    assert "first audio " in shown
    assert shown.count("GFLOP:") == 2 * 3


@pytest.mark.usefixtures("model")
@pytest.mark.parametrize(
    ("flags", "problem"),
    [
        (("--context", "1000000000"), "--context: the model reads 4096 tokens, and not 1000000000"),
        (("--context", "1"), "--context: what is spoken takes 72 tokens, and a voice more"),
        (("--context", "4096"), "the text and the voice leave no room to speak"),
        (("--chunk", "9"), "--chunk: a step makes 8 frames of a row at most"),
        (("--chunk", "8", "--repeats", "60"), "a text ended: ask for fewer frames or repeats"),
    ],
)
def test_what_the_model_cannot_do_is_told_in_a_line(
    flags: tuple[str, ...], problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert engine.main(["--batch", "1", *flags, *MACHINE]) == 1
    assert capsys.readouterr().err == f"{problem}\n"


@pytest.mark.usefixtures("model")
def test_rows_for_which_there_is_no_memory_are_told_in_a_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def none_left(*_: object, **__: object) -> None:
        raise torch.OutOfMemoryError

    monkeypatch.setattr(step_bench, "S1Runner", none_left)
    assert engine.main(["--batch", "64", *MACHINE]) == 1
    assert capsys.readouterr().err == "no memory for 64 rows of 812 tokens\n"


def test_a_batch_is_in_real_time_where_every_row_is() -> None:
    figures = [{"batch": 1.0, "audio_s_per_s": 1.5}, {"batch": 2.0, "audio_s_per_s": 2.0}]
    assert engine._num_streams([*figures, {"batch": 4.0, "audio_s_per_s": 3.9}]) == 2
    assert engine._num_streams([{"batch": 1.0, "audio_s_per_s": 0.9}]) == 0
