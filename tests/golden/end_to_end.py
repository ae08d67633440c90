"""i_e2e, the codec's part: the reference recording to codes, and the generated codes to samples."""

import json
from pathlib import Path

from safetensors.torch import load_file

from tests.golden.checkpoint import codec_of, samples_of
from tests.golden.comparison import Comparison, close, exact, exact_numbers
from tests.golden.decode import WAVE_TOLERANCE
from tests.golden.streaming import decode_among_neighbours


def compare_ends(folder: Path) -> list[Comparison]:
    """Compare with `i_e2e.safetensors` and the sizes in `i_e2e.json` of `folder`."""
    vectors = load_file(folder / "i_e2e.safetensors")
    stated = json.loads((folder / "i_e2e.json").read_text(encoding="utf-8"))
    codec = codec_of(folder / "checkpoint")
    reference = codec.encoder.encode(samples_of(vectors["ref_pcm_s16"]))
    wave = decode_among_neighbours(codec.decoder, vectors["codes"])
    return [
        exact("i.ref_codes", reference, vectors["ref_codes"]),
        close("i.wave", wave, vectors["wave"], WAVE_TOLERANCE),
        exact_numbers("i.samples", [len(wave)], [int(stated["samples"])]),
    ]
