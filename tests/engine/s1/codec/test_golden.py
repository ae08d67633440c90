"""The codec computes what the original does: streamed, in slots, among strangers."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.golden.codec_variants import compare_codec_variants
from tests.golden.comparison import Comparison
from tests.golden.decode import compare_decode
from tests.golden.encode import compare_encode
from tests.golden.end_to_end import compare_ends
from tests.golden.pcm import compare_pcm

VECTORS = Path(__file__).parents[3] / "golden" / "vectors"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("compare", "num_lines"),
    [
        (compare_decode, 4),
        (compare_encode, 20),
        (compare_ends, 5),
        (compare_codec_variants, 2),
        (compare_pcm, 2),
    ],
)
def test_the_codec_computes_what_the_original_does(
    compare: Callable[[Path], list[Comparison]], num_lines: int
) -> None:
    lines = compare(VECTORS)
    assert [line for line in lines if not line.is_met] == []
    assert len(lines) == num_lines
