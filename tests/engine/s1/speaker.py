"""A tiny S1-mini of random weights, whole: bytes for tokens, and a codec whose frames are real."""

from functools import cache

import numpy as np
import torch
from torch import Tensor

from engine.runners.s1.capture import Capture
from engine.runners.s1.codec import Codec, build_codec
from engine.runners.s1.codec.random_weights import RandomWeights
from engine.runners.s1.language_model import Vocabulary, assemble, candidates
from engine.runners.s1.model import S1Model
from engine.runners.s1.prompt import PromptBuilder, SpokenText
from engine.runners.s1.runner import S1Runner
from engine.runners.s1.tokenizer import Tokenizer
from engine.runners.s1.voices import Voices
from engine.voices import DEFAULT_VOICE
from tests.engine.s1.codec.tiny import CPU, TINY
from tests.engine.s1.tiny import random_weights, tiny_config

NUM_CODES = TINY.semantic_codebook_size
NUM_CODEBOOKS = len(TINY.codebook_sizes)
#: Of a request that states none: what the tests of all runners say then takes ten frames or more.
SEED = 36
_NUM_BYTES = 256
#: How much more an end is drawn than a code, so that a segment lasts some dozen frames.
END_SCALE = 2.5


class _QuietWeights(RandomWeights):
    """Far from full scale, where all samples would be alike."""

    def read(self, name: str, shape: tuple[int, ...]) -> Tensor:
        tensor = super().read(name, shape)
        return tensor * 0.1 if name == "decoder.model.6.conv.weight" else tensor


@cache
def tiny_speaker(
    dtype: torch.dtype = torch.float32,
    *,
    max_seq_len: int = 4_096,
    end_scale: float = END_SCALE,
    poisoned: str = "",
    is_deaf: bool = False,
) -> S1Model:
    """Return a model whose language model is float32; `dtype` is the codec's.

    In float64 its rounding is far below a step of PCM16, whatever it computes with whom. A text
    with a `poisoned` character leads to numbers that are not finite. One that `is_deaf` does not
    hear what it said, and so says the same again.
    """
    names = ["<|interleave|>", "<|im_end|>", *(f"<|semantic:{n}|>" for n in range(NUM_CODES))]
    special_ids = {name: _NUM_BYTES + index for index, name in enumerate(names)}
    tokenizer = Tokenizer({bytes([b]): b for b in range(_NUM_BYTES)}, special_ids, NUM_CODES)
    config = tiny_config(
        vocab_size=tokenizer.num_tokens,
        codebook_size=NUM_CODES,
        num_codebooks=NUM_CODEBOOKS,
        max_seq_len=max_seq_len,
    )
    with torch.inference_mode():
        weights = random_weights(config)
        weights["output.weight"][tokenizer.im_end_id] *= end_scale
        if is_deaf:
            weights["codebook_embeddings.weight"].zero_()
            weights["embeddings.weight"][tokenizer.semantic_begin_id :] = 0.1
        weights["embeddings.weight"][list(poisoned.encode())] = torch.nan
        language_model = assemble(
            config,
            weights,
            semantic_begin_id=tokenizer.semantic_begin_id,
            token_ids=candidates(config, tokenizer, Vocabulary.SPEECH),
            dtype=torch.float32,
            device=CPU,
        )
    codec: Codec = build_codec(TINY, _QuietWeights(seed=3), CPU, dtype)
    return S1Model(language_model, tokenizer, PromptBuilder(config, tokenizer), codec)


def reference(seed: int = 1, num_frames: int = 30) -> SpokenText:
    """Return what a voice is made of."""
    codes = np.random.default_rng(seed).integers(0, 20, (NUM_CODEBOOKS, num_frames))
    return SpokenText("A voice that says this.", codes)


VOICES: Voices = {DEFAULT_VOICE: None, "anna": reference()}


def make_runner(
    model: S1Model | None = None,
    voices: Voices = VOICES,
    *,
    num_lanes: int = 4,
    num_cached: int = 4_096,
    capture: Capture | None = None,
) -> S1Runner:
    """Return a runner that draws the same seed for everyone who states none."""
    return S1Runner(
        model or tiny_speaker(torch.float64),
        voices,
        num_lanes=num_lanes,
        num_cached=num_cached,
        capture=capture,
        draw_seed=lambda: SEED,
    )
