"""`i_e2e.*`: a recording to codes, and a text in its voice to samples, as it is served."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from torch import Tensor

from engine.request import Sampling
from engine.runners.s1.prompt import SpokenText
from tests.golden.checkpoint import codec_of, samples_of
from tests.golden.comparison import Comparison, equal, near, read_json
from tests.golden.decode import WAVE_TOLERANCE
from tests.golden.gaps import compare_gaps
from tests.golden.serving import serve
from tests.golden.stage import Generation
from tests.golden.streaming import decode_among_neighbours
from tests.golden.tensors import GoldenTensors
from tests.golden.transformers import read_whole_model

#: PCM16 is cut towards zero: by less than a step.
_PCM_STEP = 2.0**-15


def compare_ends(folder: Path) -> Iterator[Comparison]:
    """Compare with `i_e2e.safetensors` and `i_e2e.json` of `folder`."""
    golden = GoldenTensors(folder / "i_e2e.safetensors")
    stated = read_json(folder / "i_e2e.json")
    codec = codec_of(folder / "checkpoint")
    reference = codec.encoder.encode(samples_of(golden["ref_pcm_s16"]))
    wave = decode_among_neighbours(codec.decoder, golden["codes"])
    yield equal("i.ref_codes", reference, golden["ref_codes"])
    yield near("i.wave", wave, golden["wave"], WAVE_TOLERANCE)
    yield equal("i.samples", len(wave), stated["samples"])
    generation = _generation(stated, reference)
    serve(folder / "checkpoint", [generation])
    yield from _compare_served(generation, golden, stated)
    model = read_whole_model(folder / "checkpoint")
    yield from compare_gaps("", golden, stated, generation.prompt.shape[1], model)
    yield golden.all_read("i")


def _generation(stated: dict[str, Any], reference: Tensor) -> Generation:
    return Generation(
        text=stated["text"],
        spoken=(SpokenText(stated["ref_text"], reference.numpy()),),
        max_new_tokens=stated["max_new_tokens"],
        sampling=Sampling(
            temperature=stated["temperature"],
            top_p=stated["top_p"],
            repetition_penalty=stated["repetition_penalty"],
        ),
    )


def _compare_served(
    generation: Generation, golden: GoldenTensors, stated: dict[str, Any]
) -> Iterator[Comparison]:
    # The original always drops the last column, even if it is no end.
    codes = generation.columns[1:, :-1]
    yield equal("i.codes", codes, golden["codes"])
    yield equal("i.sequence", generation.sequence, golden["sequence"])
    yield equal("i.frames", codes.shape[1], stated["frames"])
    wave = golden["wave"]
    # What is heard of that column is ours alone.
    heard = generation.samples[: len(wave)]
    yield near("i.served", heard, wave, WAVE_TOLERANCE + _PCM_STEP)
