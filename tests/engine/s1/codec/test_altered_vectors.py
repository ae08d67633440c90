"""One altered value anywhere in a file of vectors is seen."""

from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from tests.engine.s1.codec.test_golden import VECTORS
from tests.golden.decode import compare_decode


@pytest.mark.slow
@pytest.mark.parametrize("name", ["codes", "wave", "z_post", "z_q", "z_up_tail"])
def test_an_altered_value_is_seen(tmp_path: Path, name: str) -> None:
    vectors = load_file(VECTORS / "g_decode.safetensors")
    values = vectors[name].view(-1)
    values[len(values) // 2] = 1 - values[len(values) // 2]
    save_file(vectors, tmp_path / "g_decode.safetensors")
    (tmp_path / "checkpoint").symlink_to(VECTORS / "checkpoint")
    assert not all(line.is_met for line in compare_decode(tmp_path))
