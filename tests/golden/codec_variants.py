"""l_variants, the codec's part: other sizes, prefixed and wrapped, without encoder transformer."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from tests.golden.checkpoint import codec_of, samples_of
from tests.golden.comparison import Comparison, compare_tolerances, equal, near, read_json, within
from tests.golden.decode import WAVE_TOLERANCE
from tests.golden.encode import SAFE_MARGIN, compare_codes, margins
from tests.golden.language_model_variants import RESOLVED
from tests.golden.spelling import compare_spelling
from tests.golden.streaming import decode_among_neighbours
from tests.golden.tensors import GoldenTensors


def compare_codec_variants(folder: Path) -> Iterator[Comparison]:
    """Compare every variant in `l_variants` that is no language model."""
    golden = read_json(folder / "l_variants" / "l_variants.json")
    tolerances = {WAVE_TOLERANCE, SAFE_MARGIN}
    yield compare_tolerances("codecs", golden["codec"]["tolerance"], tolerances)
    for name, variant in golden["variants"].items():
        if RESOLVED not in variant:
            yield from _compare(f"l.{name}", folder / "l_variants" / variant["folder"], variant)


def _compare(name: str, folder: Path, variant: dict[str, Any]) -> Iterator[Comparison]:
    golden = GoldenTensors(folder / "expected.safetensors")
    yield equal(f"{name}.tensors", golden.shapes(), variant["tensors"])
    yield from compare_spelling(folder, "codec", variant.get("checkpoint", {}))
    rounding = variant.get("float32_rounding_noise_vs_float64")
    yield within(f"{name}.rounding", rounding, WAVE_TOLERANCE)
    codec = codec_of(folder)
    wave = decode_among_neighbours(codec.decoder, golden["codes"])
    yield near(f"{name}.wave", wave, golden["wave"], WAVE_TOLERANCE)
    samples = samples_of(golden["pcm_s16"])
    codes, margin = codec.encoder.encode(samples), golden["margin"]
    yield compare_codes(f"{name}.codes", codes, golden["encoded_codes"], margin)
    ours = margins(codec.encoder, codec.encoder.latents(samples))
    yield near(f"{name}.margin", ours, margin, SAFE_MARGIN)
    smallest = torch.tensor(variant["min_margin"])
    yield near(f"{name}.min_margin", ours.min(), smallest, SAFE_MARGIN)
    yield golden.all_read(name)
