"""The codec computes what the original does: streamed, in slots, among strangers."""

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from tests.golden.codec_variants import compare_codec_variants
from tests.golden.comparison import Comparison
from tests.golden.decode import compare_decode
from tests.golden.encode import compare_encode
from tests.golden.end_to_end import compare_ends

VECTORS = Path(__file__).parents[3] / "golden" / "vectors"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("compare", "num_lines"),
    [
        (compare_decode, 5),
        (compare_encode, 21),
        (compare_ends, 11),
        (compare_codec_variants, 11),
    ],
)
def test_the_codec_computes_what_the_original_does(
    compare: Callable[[Path], Iterable[Comparison]], num_lines: int
) -> None:
    lines = list(compare(VECTORS))
    assert [line for line in lines if not line.is_met] == []
    assert len(lines) == num_lines
