"""The vectors catch what they should: every mistake, planted alone, is seen."""

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
import torch

from tests.engine.s1.codec import mistakes
from tests.engine.s1.codec.mistakes import Plant
from tests.engine.s1.codec.test_golden import VECTORS
from tests.golden.comparison import Comparison
from tests.golden.decode import compare_decode
from tests.golden.edges import compare_edges
from tests.golden.encode import compare_encode

Compare = Callable[[Path], Iterable[Comparison]]
#: Plants, and the one line that has to see it at least.
IN_DECODING = {
    "half-split rotary": mistakes.half_split_rotary,
    "rotary table not rounded": mistakes.unrounded_rotary_table,
    "a window larger by one": mistakes.window_of(lambda window: window + 1),
    "a window smaller by one": mistakes.window_of(lambda window: window - 1),
    "no window": mistakes.window_of(lambda _: 1 << 40),
    "no layer scale": mistakes.no_layer_scale,
    "snake without its amplitude": mistakes.snake_without_amplitude,
    "transposed convolution cropped on the left": mistakes.transposed_conv_cropped_on_the_left,
    "transposed convolution cropped on both sides": mistakes.transposed_conv_cropped_on_both_sides,
    "convolution padded on both sides": mistakes.convolution_padded_on_both_sides,
    "weight norm by output channel": mistakes.weight_norm_by_output_channel,
    "normalised code vectors": mistakes.normalised_code_vectors,
    "gelu by tanh": mistakes.tanh_gelu,
    "layer norm with eps 1e-5": mistakes.larger_layer_norm_eps,
}
IN_ENCODING = {
    "half-split rotary": mistakes.half_split_rotary,
    "rotary table not rounded": mistakes.unrounded_rotary_table,
    "euclidean look-up": mistakes.euclidean_look_up,
    "normalised code vectors": mistakes.normalised_code_vectors,
}
IN_PCM = {
    "rounded": mistakes.pcm_by(lambda x: (x * 32_768).round().clamp(-32_768, 32_767)),
    "scaled by 32767": mistakes.pcm_by(lambda x: x * 32_767),
    "floored": mistakes.pcm_by(lambda x: (x * 32_768).floor().clamp(-32_768, 32_767)),
    "wrapped": mistakes.pcm_by(lambda x: (x * 32_768).to(torch.int32)),
}
PLANTED = [
    *((name, plant, compare_decode, "g.wave") for name, plant in IN_DECODING.items()),
    *((name, plant, compare_encode, "h.long.codes") for name, plant in IN_ENCODING.items()),
    *((name, plant, compare_edges, "m.pcm_clipped") for name, plant in IN_PCM.items()),
]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("plant", "compare", "line"),
    [pytest.param(*planted, id=f"{planted[2]}: {name}") for name, *planted in PLANTED],
)
def test_a_planted_mistake_is_seen(
    monkeypatch: pytest.MonkeyPatch, plant: Plant, compare: Compare, line: str
) -> None:
    plant(monkeypatch)
    seen = {each.name for each in compare(VECTORS) if not each.is_met}
    assert line in seen
