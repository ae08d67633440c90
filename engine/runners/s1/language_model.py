"""The language model of one checkpoint, put together."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import torch
from torch import Tensor

from engine.runners.s1.config import DualARConfig, read_config
from engine.runners.s1.dual_ar import FastTransformer, OutputHead, SlowTransformer
from engine.runners.s1.frames import FrameDrawer
from engine.runners.s1.tokenizer import Tokenizer, read_tokenizer
from engine.runners.s1.weights import read_weights

#: The codec has this many codes in every codebook but the first, so no more are drawn, however
#: large the checkpoint's tables are.
NUM_RESIDUAL_CODES = 1_024


class Vocabulary(Enum):
    """Which tokens may follow."""

    #: Those that mean something: the semantic ones and the end.
    SPEECH = "speech"
    #: Every token there is, as in the original, where text can win; it then counts as code 0.
    ALL = "all"


@dataclass(frozen=True, slots=True)
class LanguageModel:
    """The parts that make frames of codes out of columns. None of them holds a sequence's state."""

    config: DualARConfig
    slow: SlowTransformer
    head: OutputHead
    fast: FastTransformer
    draw_frames: FrameDrawer
    dtype: torch.dtype
    device: torch.device


def load_language_model(
    folder: Path,
    *,
    vocabulary: Vocabulary = Vocabulary.SPEECH,
    dtype: torch.dtype = torch.float32,
    device: torch.device | None = None,
) -> tuple[LanguageModel, Tokenizer]:
    """Load a checkpoint's language model and its tokenizer.

    Raises:
        CheckpointError: a file is missing, damaged, or does not fit the others.
    """
    config = read_config(folder)
    tokenizer = read_tokenizer(
        folder, codebook_size=config.codebook_size, vocab_size=config.vocab_size
    )
    model = assemble(
        config,
        read_weights(folder, config),
        semantic_begin_id=tokenizer.semantic_begin_id,
        token_ids=candidates(config, tokenizer, vocabulary),
        dtype=dtype,
        device=device or torch.device("cpu"),
    )
    return model, tokenizer


def candidates(config: DualARConfig, tokenizer: Tokenizer, vocabulary: Vocabulary) -> Tensor:
    """Return the ids (n,) of the tokens that may follow.

    The last rows of the model's table belong to no token and are never among them.
    """
    if vocabulary is Vocabulary.ALL:
        return torch.arange(tokenizer.num_tokens)
    begin = tokenizer.semantic_begin_id
    semantic = torch.arange(begin, begin + config.codebook_size)
    return torch.cat((semantic, torch.tensor([tokenizer.im_end_id])))


def assemble(
    config: DualARConfig,
    weights: Mapping[str, Tensor],
    *,
    semantic_begin_id: int,
    token_ids: Tensor,
    num_codes: int = NUM_RESIDUAL_CODES,
    dtype: torch.dtype,
    device: torch.device,
) -> LanguageModel:
    """Build the model from weights of `weight_shapes(config)`, to score `token_ids` (n,)."""
    ready = {name: weight.to(device, dtype) for name, weight in weights.items()}
    head = OutputHead(config, ready, token_ids)
    fast = FastTransformer(config, ready, min(num_codes, config.codebook_size))
    return LanguageModel(
        config=config,
        slow=SlowTransformer(config, ready, semantic_begin_id),
        head=head,
        fast=fast,
        draw_frames=FrameDrawer(head, fast, semantic_begin_id),
        dtype=dtype,
        device=device,
    )
