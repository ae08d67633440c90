"""A codec of random weights, so small that a frame takes a few milliseconds."""

from functools import cache

import torch
from torch import Tensor

from engine.runners.s1.codec import Codec, CodecConfig, TransformerConfig, build_codec, slots_of
from engine.runners.s1.codec.random_weights import RandomWeights
from engine.runners.s1.codec.state import CodecState

CPU = torch.device("cpu")
_TRANSFORMER = TransformerConfig(
    num_layers=2, dim=32, num_heads=2, head_dim=24, intermediate_size=48, window=5
)
#: As many samples a frame as the release, and a window shorter than what is spoken in a test.
TINY = CodecConfig(
    encoder_dim=2,
    encoder_transformers=(None, None, None, None),
    latent_dim=32,
    pre_module=_TRANSFORMER,
    post_module=_TRANSFORMER,
    semantic_codebook_size=40,
    residual_codebook_size=20,
    decoder_dim=32,
)
#: Frames of an utterance of these tests.
NUM_FRAMES = 14
#: What the order of additions changes: in float32 as much as the original's vectors allow; float64
#: leaves no room for anything else.
TOLERANCES = {torch.float32: 2e-5, torch.float64: 1e-12, torch.bfloat16: 2e-2}


@cache
def tiny_codec(dtype: torch.dtype = torch.float32) -> Codec:
    """Return the codec; float64 takes the plain kernels, float32 the packed ones."""
    return build_codec(TINY, RandomWeights(seed=3), CPU, dtype)


def random_codes(seed: int, num_frames: int = NUM_FRAMES) -> Tensor:
    """Return codes (10, num_frames)."""
    draw = torch.Generator().manual_seed(seed)
    return torch.randint(0, 20, (10, num_frames), generator=draw)


def advance(codec: Codec, state: CodecState, rows: dict[int, Tensor]) -> dict[int, Tensor]:
    """Decode the next codes (10, frames) of some slots; return the samples of each."""
    samples = codec.decoder.decode(
        torch.stack(list(rows.values())), slots_of(list(rows), CPU), state
    )
    return dict(zip(rows, samples, strict=True))


def decoded_whole(codec: Codec, codes: Tensor) -> Tensor:
    """Return the samples of one stream, made in a single call."""
    state = codec.decoder.new_state(1, codes.shape[1])
    return advance(codec, state, {0: codes})[0]
