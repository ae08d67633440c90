"""g_decode: codes to samples, and what flows in between."""

from pathlib import Path

from torch import Tensor

from engine.runners.s1.codec import Decoder, slots_of
from tests.golden.checkpoint import codec_of
from tests.golden.comparison import Comparison, near
from tests.golden.streaming import decode_among_neighbours
from tests.golden.tensors import GoldenTensors

WAVE_TOLERANCE = 2e-5
LATENT_TOLERANCE = 2e-4


def compare_decode(folder: Path) -> list[Comparison]:
    """Compare with `g_decode.safetensors` of `folder`."""
    vectors = GoldenTensors(folder / "g_decode.safetensors")
    decoder = codec_of(folder / "checkpoint").decoder
    codes = vectors["codes"]
    wave = decode_among_neighbours(decoder, codes)
    embedded, attended, upsampled = _latents(decoder, codes)
    tail = vectors["z_up_tail"]
    return [
        near("g.wave", wave, vectors["wave"], WAVE_TOLERANCE),
        near("g.z_q", embedded, vectors["z_q"], LATENT_TOLERANCE),
        near("g.z_post", attended, vectors["z_post"], LATENT_TOLERANCE),
        near("g.z_up_tail", upsampled[:, -tail.shape[1] :], tail, LATENT_TOLERANCE),
        vectors.all_read("g"),
    ]


def _latents(decoder: Decoder, codes: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return what leaves the embedding, the transformer and the upsampling: (channels, time)."""
    num_frames = codes.shape[1]
    state = decoder.new_state(1, num_frames)
    embedded = decoder._embedding(codes[None])
    attended = decoder._post_module(embedded, slots_of([0], decoder.device), state.windows[0])
    upsampled = attended
    for stage in decoder._upsampling:
        upsampled = stage(upsampled, state.history)
    return embedded[:, 0].t(), attended[:, 0].t(), upsampled[:, 0].t()
