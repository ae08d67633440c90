"""The original's randomness."""

import torch
from torch import Tensor

from engine.runners.s1.language_model import LanguageModel
from engine.runners.s1.noise import FrameNoise


class TorchNoise:
    """For every seed a generator of torch's, drawn from in a fixed order, frame by frame."""

    def __init__(self, model: LanguageModel, num_tokens: int) -> None:
        self._vocab_size = model.config.vocab_size
        self._num_tokens = num_tokens
        self._shape = (model.config.num_codebooks - 1, model.fast.num_scored)
        self._generators: dict[int, torch.Generator] = {}
        #: Several sequences may have one seed, and each begins with its first frame.
        self._drawn: dict[int, list[FrameNoise]] = {}

    def __call__(self, seeds: Tensor, frames: Tensor) -> FrameNoise:
        """Return the noise of such frames of such seeds, (B,) both."""
        pairs = zip(seeds.tolist(), frames.tolist(), strict=True)
        rows = [self._of(seed, frame) for seed, frame in pairs]
        return FrameNoise(
            torch.stack([row.tokens for row in rows]), torch.stack([row.codes for row in rows])
        )

    def _of(self, seed: int, frame: int) -> FrameNoise:
        drawn = self._drawn.setdefault(seed, [])
        while len(drawn) <= frame:
            drawn.append(self._draw(seed))
        return drawn[frame]

    def _draw(self, seed: int) -> FrameNoise:
        generator = self._generators.setdefault(seed, torch.Generator().manual_seed(seed))
        tokens = torch.empty(self._vocab_size).exponential_(1, generator=generator)
        num_codebooks, num_codes = self._shape
        codes = [
            torch.empty(num_codes).exponential_(1, generator=generator)
            for _ in range(num_codebooks)
        ]
        # The rows of the table that belong to no token are drawn for, and never drawn.
        return FrameNoise(tokens[: self._num_tokens], torch.stack(codes))
