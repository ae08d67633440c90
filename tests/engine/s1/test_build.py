"""What a device or a checkpoint has no room for is refused before anything is served."""

import json
import shutil
from pathlib import Path

import pytest
import torch

from engine.errors import ModelUnavailable, OutOfMemory
from engine.runners.s1 import build
from engine.runners.s1.build import build_runner
from engine.runners.s1.errors import CheckpointError
from engine.scheduling.step_times import StepTimeModel
from engine.warm_up import warm_up
from tests.engine.s1.codec.test_golden import VECTORS

CUDA = torch.device("cuda")
GIB = 1 << 30
#: Of a token at the released sizes, in bfloat16.
TOKEN_BYTES = 114_688


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(VECTORS / "checkpoint", tmp_path / "checkpoint"))


@pytest.mark.parametrize("room", [pytest.param(1, marks=pytest.mark.slow), 36])
def test_a_model_that_reads_too_few_tokens_to_speak_is_refused(folder: Path, room: int) -> None:
    file = folder / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"max_seq_len": room}))
    with pytest.raises(CheckpointError, match=f"max_seq_len: {room} tokens leave no room"):
        build_runner(folder)


@pytest.mark.slow
def test_a_model_that_just_reads_enough_to_speak_is_served(folder: Path) -> None:
    file = folder / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"max_seq_len": 37}))
    runner = build_runner(folder)
    warm_up(runner, StepTimeModel(), 1)
    runner.close()


@pytest.mark.parametrize("part", ["load_model", "S1Runner"])
def test_a_device_without_memory_for_the_model_is_said_as_such(
    folder: Path, part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none_left(*_: object, **__: object) -> None:
        raise torch.OutOfMemoryError

    monkeypatch.setattr(build, part, none_left)
    with pytest.raises(ModelUnavailable, match=r"the cpu is too small for .*: no memory for"):
        build_runner(folder)


@pytest.mark.parametrize(("free_gib", "cached_gib"), [(137, 0.6 * 137), (22, 12), (15, 5)])
def test_the_cache_of_a_gpu_leaves_room_for_what_is_computed(
    free_gib: int, cached_gib: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _: (free_gib * GIB, 141 * GIB))
    assert build._num_cached(CUDA, TOKEN_BYTES) == int(cached_gib * GIB) // TOKEN_BYTES


def test_a_gpu_without_room_for_eight_rows_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _: (int(11.5 * GIB), 12 * GIB))
    with pytest.raises(OutOfMemory, match=r"11\.5 GiB are free beside the weights"):
        build._num_cached(CUDA, TOKEN_BYTES)
