"""l_variants, the codec's part: other sizes, prefixed and wrapped, without encoder transformer."""

from pathlib import Path

from safetensors.torch import load_file

from tests.golden.checkpoint import codec_of, samples_of
from tests.golden.comparison import Comparison, near
from tests.golden.decode import WAVE_TOLERANCE
from tests.golden.encode import compare_codes
from tests.golden.streaming import decode_among_neighbours


def compare_codec_variants(folder: Path) -> list[Comparison]:
    """Compare with every folder of `l_variants` that holds a codec."""
    lines = []
    for dims in sorted((folder / "l_variants").glob("*/codec_dims.json")):
        vectors = load_file(dims.parent / "expected.safetensors")
        codec = codec_of(dims.parent)
        wave = decode_among_neighbours(codec.decoder, vectors["codes"])
        codes = codec.encoder.encode(samples_of(vectors["pcm_s16"]))
        name = f"l.{dims.parent.name}"
        lines += [
            near(f"{name}.wave", wave, vectors["wave"], WAVE_TOLERANCE),
            compare_codes(f"{name}.codes", codes, vectors["encoded_codes"], vectors["margin"]),
        ]
    return lines
