"""What a frame of S1-mini must cost is counted as its parameters say."""

from pathlib import Path

import pytest

from engine.runners.s1.codec import CodecConfig
from engine.runners.s1.config import parse_config
from engine.runners.s1.random_model import RELEASED
from engine.runners.s1.weights import weight_shapes
from loadtest.roofline import Ceiling, Work, codec_work, fast_work, slow_work

CONFIG = parse_config(RELEASED, Path("config.json"))


def num_weights(stack: str) -> int:
    """Count the numbers of a stack's matrices."""
    shapes = [s for name, s in weight_shapes(CONFIG).items() if name.startswith(f"{stack}.")]
    return sum(shape[0] * shape[1] for shape in shapes if len(shape) == 2)


def test_the_slow_transformer_reads_its_matrices_once_and_every_row_its_context() -> None:
    work = slow_work(CONFIG, batch=3, context=300)
    assert work.num_weights == num_weights("layers")
    # 114,688 bytes a token in bfloat16.
    assert work.num_cached * 2 == 3 * 300 * 114_688
    alone = slow_work(CONFIG, batch=1, context=0)
    assert alone.num_products == num_weights("layers")
    assert work.num_products - 3 * alone.num_products == 3 * 300 * 229_376 / 2


def test_the_fast_transformer_reads_its_matrices_for_every_further_code() -> None:
    work = fast_work(CONFIG, num_scored=4_097, num_codes=1_024, batch=2)
    heads = 4_097 * 1_024 + 9 * 1_024 * 1_024
    assert work.num_weights == 9 * num_weights("fast_layers") + heads
    assert work.num_products == 2 * (10 * num_weights("fast_layers") + heads)


def test_the_codec_does_what_a_counter_of_operations_found() -> None:
    work = codec_work(CodecConfig(), batch=1, chunk=1)
    # 6.764 GFLOP by torch's counter, which leaves out attention; 184.5 M parameters in all.
    attention = 2 * 2 * 8 * 1_024 * 128
    assert 2 * work.num_products - attention == pytest.approx(6.764e9, rel=1e-3)
    assert work.num_weights == pytest.approx(184.5e6, rel=3e-3)
    # The keys and values of eight layers that see 128 frames.
    assert work.num_cached == 2 * 8 * 1_024 * 128
    in_chunks = codec_work(CodecConfig(), batch=3, chunk=4)
    assert in_chunks.num_weights == work.num_weights / 4
    assert in_chunks.num_cached == 3 * work.num_cached / 4


def test_a_bound_is_the_longer_of_bytes_and_operations() -> None:
    ceiling = Ceiling(bytes_per_s=1e9, flops_per_s=1e9)
    bytes_bound = Work(1e6, 0, 1e3).bound(ceiling, itemsize=2)
    assert (bytes_bound["bytes"], bytes_bound["bound_ms"]) == (2e6, 2.0)
    flops_bound = Work(1e3, 0, 1e6).bound(ceiling, itemsize=2)
    assert (flops_bound["flops"], flops_bound["bound_ms"]) == (2e6, 2.0)
