"""What S1 must cost on a machine that is not here: `python -m loadtest.ceiling`.

Arithmetic alone: the bytes and operations of a frame at the released sizes, over the memory
bandwidth and the arithmetic that are stated. No step takes less; what one takes is measured.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import torch

from engine.runners.s1.codec import CodecConfig
from engine.runners.s1.config import CONFIG_FILE, parse_config
from engine.runners.s1.language_model import NUM_RESIDUAL_CODES
from engine.runners.s1.random_model import RELEASED
from loadtest.arguments import positive, positive_real, row_counts
from loadtest.roofline import Ceiling, codec_work, fast_work, slow_work

#: An H200: its data sheet's bandwidth, and what its matrix units reach in bfloat16.
_GB_S, _TFLOPS = 4_800.0, 790.0
_COLUMNS = ("rows", "slow ms", "fast ms", "codec ms", "frame ms", "audio s/s")
#: The semantic codes and the end.
_MORE_THAN_CODES = 1
_ITEMSIZE = torch.bfloat16.itemsize


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a line for each batch."""
    parser = argparse.ArgumentParser(prog="python -m loadtest.ceiling", description=__doc__)
    parser.add_argument("--bandwidth-gb-s", type=positive_real, default=_GB_S)
    parser.add_argument("--tflops", type=positive_real, default=_TFLOPS)
    parser.add_argument(
        "--batch", type=row_counts, default="1,64,256,512", help="rows of a step, comma-separated"
    )
    parser.add_argument("--chunk", type=positive, default=8, help="frames of a row in a step")
    parser.add_argument(
        "--context", type=positive, default=500, help="tokens that a row attends to"
    )
    flags = parser.parse_args(arguments)
    ceiling = Ceiling(flags.bandwidth_gb_s * 1e9, flags.tflops * 1e12)
    print("  ".join(f"{column:>9}" for column in _COLUMNS))
    for batch in flags.batch:
        stages_ms = _stages_ms(ceiling, batch, flags.chunk, flags.context)
        frame_ms = sum(stages_ms)
        audio_s = batch * _frame_s() / (frame_ms / 1e3)
        figures = (*stages_ms, frame_ms, audio_s)
        print("  ".join([f"{batch:>9}", *(f"{figure:>9.2f}" for figure in figures)]))
    return 0


def _stages_ms(ceiling: Ceiling, batch: int, chunk: int, context: int) -> tuple[float, ...]:
    config = parse_config(RELEASED, Path(CONFIG_FILE))
    num_scored = config.codebook_size + _MORE_THAN_CODES
    works = (
        slow_work(config, batch, context),
        fast_work(config, num_scored, NUM_RESIDUAL_CODES, batch),
        codec_work(CodecConfig(), batch, chunk),
    )
    return tuple(work.bound(ceiling, _ITEMSIZE)["bound_ms"] for work in works)


def _frame_s() -> float:
    config = CodecConfig()
    return config.frame_samples / config.sample_rate_hz


if __name__ == "__main__":
    sys.exit(main())
