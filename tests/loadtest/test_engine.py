"""The engine's bench counts what a runner makes, and where its time goes."""

import pytest
import torch

from loadtest.engine import Bench
from loadtest.stages import STAGES
from tests.engine.s1.speaker import tiny_speaker


def test_the_stages_add_up_to_the_step(capsys: pytest.CaptureFixture[str]) -> None:
    torch.set_num_threads(1)
    tiny_speaker.cache_clear()
    result = Bench(tiny_speaker(end_scale=0.0), max_batch=2, chunk=2, repeats=1).measure([1, 2])
    tiny_speaker.cache_clear()
    figures = result["batches"]
    assert isinstance(figures, list)
    assert [figure["batch"] for figure in figures] == [1, 2]
    for figure in figures:
        assert sum(figure[f"{stage}_ms"] for stage in STAGES) == pytest.approx(
            figure["ms_per_frame"]
        )
        assert all(figure[f"{stage}_ms"] > 0 for stage in STAGES)
        made_ms = 1e3 * figure["batch"] / figure["frames_per_s"]
        assert made_ms == pytest.approx(figure["ms_per_frame"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("first audio ")
    assert len(lines) == 5
