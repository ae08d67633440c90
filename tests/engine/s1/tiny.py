"""A tiny model with random weights, and prompts for it."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from engine.runners.s1.capture import Capture
from engine.runners.s1.config import DualARConfig, parse_config
from engine.runners.s1.draw_state import DrawParameters
from engine.runners.s1.generation import FrameGenerator
from engine.runners.s1.language_model import LanguageModel, assemble
from engine.runners.s1.prompt import Columns
from engine.runners.s1.weights import weight_shapes

FIELDS: dict[str, Any] = {
    "vocab_size": 70,
    "n_layer": 2,
    "n_head": 4,
    "n_local_heads": 2,
    "dim": 32,
    "head_dim": 16,
    "intermediate_size": 48,
    "codebook_size": 50,
    "num_codebooks": 4,
    "max_seq_len": 128,
    "n_fast_layer": 1,
    "attention_qk_norm": True,
    "tie_word_embeddings": False,
    "scale_codebook_embeddings": True,
}
SEMANTIC_BEGIN_ID = 15
IM_END_ID = 3


def tiny_config(**changes: object) -> DualARConfig:
    return parse_config(FIELDS | changes, Path("config.json"))


def random_weights(config: DualARConfig) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(0)
    return {
        name: torch.randn(shape, generator=generator) * (0.5 if len(shape) > 1 else 1.0)
        for name, shape in weight_shapes(config).items()
    }


def tiny_model(
    dtype: torch.dtype = torch.float32,
    weights: dict[str, Tensor] | None = None,
    device: torch.device | None = None,
    **changes: object,
) -> LanguageModel:
    config = tiny_config(**changes)
    codes = torch.arange(SEMANTIC_BEGIN_ID, SEMANTIC_BEGIN_ID + config.codebook_size)
    return assemble(
        config,
        weights or random_weights(config),
        semantic_begin_id=SEMANTIC_BEGIN_ID,
        token_ids=torch.cat((codes, torch.tensor([IM_END_ID]))),
        dtype=dtype,
        device=device or torch.device("cpu"),
    )


def random_prompt(seed: int, length: int) -> Columns:
    """Return columns of text and of frames, mixed."""
    rng = np.random.default_rng(seed)
    columns = rng.integers(0, FIELDS["codebook_size"], (FIELDS["num_codebooks"] + 1, length))
    columns[0] = rng.integers(0, SEMANTIC_BEGIN_ID + FIELDS["codebook_size"], length)
    return columns


def generator(
    model: LanguageModel,
    num_slots: int = 4,
    num_blocks: int = 64,
    capture: Capture | None = None,
) -> FrameGenerator:
    return FrameGenerator(
        model, num_slots=num_slots, num_blocks=num_blocks, block_size=8, capture=capture
    )


def read(frames: FrameGenerator, budgets: dict[int, int]) -> tuple[list[int], Tensor]:
    """Have each slot read up to so many columns."""
    return frames.step({slot: frames.reserve(slot, budget) for slot, budget in budgets.items()})


def alone(
    model: LanguageModel, prompt: Columns, parameters: DrawParameters, num_frames: int
) -> Tensor:
    """Return the columns (num_frames, num_codebooks + 1) of a sequence without neighbours."""
    single = generator(model, num_slots=1)
    single.open(0, prompt, parameters)
    return drawn_by(single, 0, num_frames)


def drawn_by(frames: FrameGenerator, slot: int, num_frames: int) -> Tensor:
    """Return the next columns of one slot, the others standing still."""
    columns: list[Tensor] = []
    while len(columns) < num_frames:
        _, drawn = read(frames, {slot: frames.num_unread(slot)})
        columns += drawn
    return torch.stack(columns)
