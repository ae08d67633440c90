"""The noise of one frame, which alone decides between the tokens that a row may draw."""

from dataclasses import dataclass

import torch
from torch import Tensor

from engine.runners.s1.philox import exponential, philox

#: A counter gives this many words.
_WORDS = 4
_WORD = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class FrameNoise:
    """Draws from Exp(1), float32, one for each token that can be drawn."""

    #: (B, tokens of the output head).
    tokens: Tensor
    #: (B, num_codebooks - 1, codes that are scored).
    codes: Tensor


def frame_noise(
    seeds: Tensor, frames: Tensor, *, num_tokens: int, num_codebooks: int, num_codes: int
) -> FrameNoise:
    """Return the noise of rows by their `seeds` and the number of the `frames` they draw.

    It depends on a row's own (seed, frame) and on nothing else in the batch.

    Args:
        seeds: (B,) int64.
        frames: (B,) int64, below 2**32: one number for each frame of a sequence, across segments.
        num_tokens: the tokens of the output head.
        num_codebooks: all of them, the first included.
        num_codes: the codes scored in each other codebook.
    """
    sizes = [num_tokens] + [num_codes] * (num_codebooks - 1)
    widths = [-(-size // _WORDS) for size in sizes]
    device = seeds.device
    blocks = torch.cat([torch.arange(width, device=device) for width in widths])
    codebooks = torch.arange(num_codebooks, device=device).repeat_interleave(
        torch.tensor(widths, device=device), output_size=len(blocks)
    )
    zero = torch.zeros((), dtype=torch.int64, device=device)
    words = philox(
        (blocks, codebooks, frames[:, None], zero),
        (seeds[:, None] & _WORD, (seeds[:, None] >> 32) & _WORD),
    )
    drawn = exponential(words).flatten(1)  # (B, four times the blocks)
    first = widths[0] * _WORDS
    codes = drawn[:, first:].unflatten(1, (num_codebooks - 1, -1))
    return FrameNoise(drawn[:, :num_tokens], codes[:, :, :num_codes])
