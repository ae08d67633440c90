"""i_e2e, the codec's part: the reference recording to codes, and the generated codes to samples."""

from pathlib import Path

from safetensors.torch import load_file

from tests.golden.checkpoint import codec_of, samples_of
from tests.golden.comparison import Comparison, equal, near, read_json
from tests.golden.decode import WAVE_TOLERANCE
from tests.golden.streaming import decode_among_neighbours


def compare_ends(folder: Path) -> list[Comparison]:
    """Compare with `i_e2e.safetensors` and the sizes in `i_e2e.json` of `folder`."""
    vectors = load_file(folder / "i_e2e.safetensors")
    stated = read_json(folder / "i_e2e.json")
    codec = codec_of(folder / "checkpoint")
    reference = codec.encoder.encode(samples_of(vectors["ref_pcm_s16"]))
    wave = decode_among_neighbours(codec.decoder, vectors["codes"])
    return [
        equal("i.ref_codes", reference, vectors["ref_codes"]),
        near("i.wave", wave, vectors["wave"], WAVE_TOLERANCE),
        equal("i.samples", [len(wave)], [int(stated["samples"])]),
    ]
