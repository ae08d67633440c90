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


class CounterNoise:
    """Noise that depends on a row's own (seed, frame), and on nothing else in the batch."""

    def __init__(
        self, *, num_tokens: int, num_codebooks: int, num_codes: int, device: torch.device
    ) -> None:
        """Lay out the counters of one frame.

        Args:
            num_tokens: the tokens of the output head.
            num_codebooks: all of them, the first included.
            num_codes: the codes scored in each other codebook.
            device: where the noise is wanted.
        """
        self._sizes = (num_tokens, num_codebooks - 1, num_codes)
        widths = [-(-size // _WORDS) for size in (num_tokens, *[num_codes] * (num_codebooks - 1))]
        self._num_token_words = widths[0] * _WORDS
        places = torch.cat([torch.arange(width) for width in widths])
        codebooks = torch.arange(num_codebooks).repeat_interleave(torch.tensor(widths))
        self._places, self._codebooks = places.to(device), codebooks.to(device)
        self._zero = torch.zeros((), dtype=torch.int64, device=device)

    def __call__(self, seeds: Tensor, frames: Tensor) -> FrameNoise:
        """Return the noise of each row.

        Args:
            seeds: (B,) int64.
            frames: (B,) int64, below 2**32: one number for each frame of a sequence, across
                segments.
        """
        words = philox(
            (self._places, self._codebooks, frames[:, None], self._zero),
            (seeds[:, None] & _WORD, (seeds[:, None] >> 32) & _WORD),
        )
        drawn = exponential(words).flatten(1)  # (B, four times the counters)
        num_tokens, num_rest, num_codes = self._sizes
        codes = drawn[:, self._num_token_words :].unflatten(1, (num_rest, -1))
        return FrameNoise(drawn[:, :num_tokens], codes[:, :, :num_codes])
