"""The halves of a checkpoint: a codec of other codebooks than the language model's is refused."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from engine.runners.s1.errors import CheckpointError
from engine.runners.s1.model import load_model
from tests.engine.s1.codec.test_golden import VECTORS
from tests.engine.s1.codec.tiny import CPU

Tensors = dict[str, Tensor]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(VECTORS / "checkpoint", tmp_path / "checkpoint"))


def change_codec(folder: Path, key: str, value: int, change: Callable[[Tensors], object]) -> None:
    file = folder / "codec_dims.json"
    dims: dict[str, Any] = json.loads(file.read_text())
    dims["quantizer"][key] = value
    file.write_text(json.dumps(dims))
    tensors = torch.load(folder / "codec.pth", weights_only=True)
    change(tensors)
    torch.save(tensors, folder / "codec.pth")


def shorten(name: str) -> Callable[[Tensors], None]:
    def change(tensors: Tensors) -> None:
        for key in tensors:
            if name in key and key.endswith("codebook.weight"):
                tensors[key] = tensors[key][:16].clone()

    return change


def drop_last(tensors: Tensors) -> None:
    for key in [key for key in tensors if ".quantizers.8." in key]:
        del tensors[key]


@pytest.mark.parametrize(
    ("key", "value", "change", "problem"),
    [
        ("n_codebooks", 8, drop_last, "8 codebooks, not 9"),
        ("semantic_codebook_size", 16, shorten("semantic"), "16 rows, but the model draws 1280"),
        ("codebook_size", 16, shorten("quantizer.quantizer."), "16 rows, but the model draws 1024"),
    ],
)
def test_a_codec_that_lacks_what_the_model_draws_is_refused(
    folder: Path, key: str, value: int, change: Callable[[Tensors], None], problem: str
) -> None:
    change_codec(folder, key, value, change)
    with pytest.raises(CheckpointError, match=problem) as refused:
        load_model(folder, device=CPU, dtype=torch.float32)
    assert refused.value.key == f"quantizer.{key}"
