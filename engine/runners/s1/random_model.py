"""S1-mini of random weights, at the released sizes: for benches, and without a file."""

from pathlib import Path

import torch
from torch import Tensor

from engine.runners.s1.codec import CodecConfig, build_codec
from engine.runners.s1.codec.random_weights import RandomWeights
from engine.runners.s1.config import CONFIG_FILE, DualARConfig, parse_config
from engine.runners.s1.language_model import Vocabulary, assemble, candidates
from engine.runners.s1.model import S1Model
from engine.runners.s1.prompt import PromptBuilder
from engine.runners.s1.tokenizer import IM_END, INTERLEAVE, Tokenizer
from engine.runners.s1.weights import weight_shapes

#: `config.json` of the release.
RELEASED = {
    "vocab_size": 155_776,
    "n_layer": 28,
    "n_head": 16,
    "n_local_heads": 8,
    "dim": 1_024,
    "head_dim": 128,
    "intermediate_size": 3_072,
    "rope_base": 1_000_000,
    "norm_eps": 1e-6,
    "max_seq_len": 8_192,
    "attention_qk_norm": True,
    "tie_word_embeddings": False,
    "codebook_size": 4_096,
    "num_codebooks": 10,
    "scale_codebook_embeddings": True,
    "n_fast_layer": 4,
    "fast_head_dim": 64,
    "fast_attention_qk_norm": False,
}
_NUM_BYTES = 256
#: As the original initialises its weights.
_STD = 0.03125


def random_model(device: torch.device, dtype: torch.dtype) -> S1Model:
    """Return a model of the released sizes. It takes a byte for a token, and says endless noise."""
    config = parse_config(RELEASED, Path(CONFIG_FILE))
    tokenizer = byte_tokenizer(config.codebook_size)
    with torch.inference_mode():
        weights = _random_weights(config, dtype)
        # Half of all codes score more than 0, and make up more than top-p: an end is never drawn.
        weights["output.weight"][tokenizer.im_end_id] = 0.0
        language_model = assemble(
            config,
            weights,
            semantic_begin_id=tokenizer.semantic_begin_id,
            token_ids=candidates(config, tokenizer, Vocabulary.SPEECH),
            dtype=dtype,
            device=device,
        )
        codec = build_codec(CodecConfig(), RandomWeights(), device, dtype)
    return S1Model(language_model, tokenizer, PromptBuilder(config, tokenizer), codec)


def byte_tokenizer(codebook_size: int) -> Tokenizer:
    """Return a tokenizer that takes a byte for a token."""
    names = [INTERLEAVE, IM_END, *(f"<|semantic:{code}|>" for code in range(codebook_size))]
    special_ids = {name: _NUM_BYTES + index for index, name in enumerate(names)}
    return Tokenizer(
        {bytes([byte]): byte for byte in range(_NUM_BYTES)}, special_ids, codebook_size
    )


def _random_weights(config: DualARConfig, dtype: torch.dtype) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(0)
    return {
        name: torch.ones(shape, dtype=dtype)
        if len(shape) == 1
        else torch.empty(shape, dtype=dtype).normal_(std=_STD, generator=generator)
        for name, shape in weight_shapes(config).items()
    }
