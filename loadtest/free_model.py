"""S1 whose forward passes are free: what is left of a step is the host's own work."""

from collections.abc import Callable
from itertools import cycle
from pathlib import Path
from typing import cast

import torch
from torch import Tensor

from engine.runners.s1.capture import Work
from engine.runners.s1.codec import Codec, CodecConfig, CodecState, Decoder, Encoder
from engine.runners.s1.config import DualARConfig, parse_config
from engine.runners.s1.drawing import PREFILL_TOKENS
from engine.runners.s1.dual_ar import FastTransformer, OutputHead, SlowTransformer
from engine.runners.s1.frames import FrameDrawer
from engine.runners.s1.language_model import LanguageModel
from engine.runners.s1.model import S1Model
from engine.runners.s1.noise import FrameNoise
from engine.runners.s1.prompt import PromptBuilder
from engine.runners.s1.random_model import RELEASED, byte_tokenizer

#: The host's work does not depend on these sizes.
_SMALL = {"n_layer": 1, "dim": 16, "n_head": 2, "n_local_heads": 1, "head_dim": 8}
#: Different frames, so that nothing looks like a model that goes round in circles.
_NUM_DRAWS = 61


def free_model(batch: int, device: torch.device) -> S1Model:
    """Return a model for steps of up to `batch` rows, of one frame each. It says noise."""
    config = parse_config(RELEASED | _SMALL, Path("config.json"))
    tokenizer = byte_tokenizer(config.codebook_size)
    parts = _Parts(batch, config, tokenizer.semantic_begin_id, device)
    language_model = LanguageModel(
        config=config,
        slow=cast("SlowTransformer", parts.slow),
        head=cast("OutputHead", parts),
        fast=cast("FastTransformer", parts),
        draw_frames=cast("FrameDrawer", parts.draw),
        dtype=torch.float32,
        device=device,
    )
    codec = Codec(CodecConfig(), cast("Encoder", parts), cast("Decoder", parts))
    return S1Model(language_model, tokenizer, PromptBuilder(config, tokenizer), codec)


def free_noise(seeds: Tensor, _frames: Tensor) -> FrameNoise:
    """Return no noise: nothing is drawn by it."""
    return FrameNoise(seeds, seeds)


def free_replays(work: Work) -> Work:
    """Record `work` as a GPU does, and do it again for nothing: what it gave before comes back."""
    given = cycle([work() for _ in range(_NUM_DRAWS)])
    return lambda: next(given)


class _Parts:
    """Every part of the model: each gives what was made once."""

    def __init__(
        self, batch: int, config: DualARConfig, semantic_begin_id: int, device: torch.device
    ) -> None:
        self.device = device
        self.frame_samples = CodecConfig().frame_samples
        self.num_codebooks = config.num_codebooks
        self.token_ids = torch.arange(config.codebook_size)
        self.num_scored = config.codebook_size
        self._states = torch.zeros((batch + PREFILL_TOKENS[device.type], 1), device=device)
        self._samples = torch.zeros((batch, self.frame_samples), device=device)
        shape = (_NUM_DRAWS, batch, config.num_codebooks + 1)
        columns = torch.randint(config.codebook_size, shape, device=device)
        columns[:, :, 0] = columns[:, :, 1] + semantic_begin_id
        self._columns = cycle(columns.unbind())

    def slow(self, columns: Tensor, *_: object) -> Tensor:
        return self._states[: len(columns)]

    def draw(self, states: Tensor, *_: object) -> Tensor:
        return next(self._columns)[: len(states)]

    def new_state(self, num_slots: int, max_frames: int) -> CodecState:
        return CodecState(torch.zeros((num_slots, 1), device=self.device), (), max_frames)

    def draft(self, codes: Tensor, *_: object) -> tuple[Tensor, Callable[[], None]]:
        return self._samples[: len(codes)], lambda: None
