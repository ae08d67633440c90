"""The second half of VITS: from latents to samples, window by window.

Kong, Kim and Bae, "HiFi-GAN", 2020. Its convolutions reach a few hops to both sides, so a window
with that much around it is, sample for sample, what the whole would be there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import accumulate
from math import ceil, prod
from operator import mul
from typing import cast

import torch
from torch import Tensor
from torch.nn import functional
from torch.nn.utils.rnn import pad_sequence
from transformers import VitsConfig
from transformers.models.vits.modeling_vits import HifiGanResidualBlock, VitsHifiGan

#: Of the convolutions at both ends, to each side.
_OUTER_REACH = 3


@dataclass(frozen=True, slots=True)
class Window:
    """The hops `begin:end` of a segment."""

    #: (flow_size, num_hops) of the whole segment.
    latents: Tensor
    #: (speaker_embedding_size, 1), None without speakers.
    speaker: Tensor | None
    begin: int
    end: int


class Vocoder:
    """HiFi-GAN over windows. A window sounds the same in every batch."""

    def __init__(self, decoder: VitsHifiGan, config: VitsConfig) -> None:
        """Use the modules of `decoder`."""
        self._decoder = decoder
        self._blocks = cast("list[HifiGanResidualBlock]", list(decoder.resblocks))
        self._slope = config.leaky_relu_slope
        self._rates = tuple(config.upsample_rates)
        self.hop_samples = prod(self._rates)
        #: Hops on each side of a window that reach into it.
        self.reach = reach_of(config)

    def __call__(self, windows: Sequence[Window]) -> list[Tensor]:
        """Return the samples of each window, within -1 and 1: ((end - begin) * hop_samples,)."""
        begins = [max(window.begin - self.reach, 0) for window in windows]
        pieces = [
            window.latents[:, begin : window.end + self.reach]
            for window, begin in zip(windows, begins, strict=True)
        ]
        latents = pad_sequence([piece.T for piece in pieces], batch_first=True).transpose(1, 2)
        speakers = [window.speaker for window in windows if window.speaker is not None]
        waves = self._decode(
            latents,
            torch.stack(speakers) if speakers else None,
            _mask([piece.shape[1] for piece in pieces], latents),
        )
        return [
            wave[(window.begin - begin) * self.hop_samples :][: self._num_samples(window)]
            for wave, window, begin in zip(waves, windows, begins, strict=True)
        ]

    def _num_samples(self, window: Window) -> int:
        return (window.end - window.begin) * self.hop_samples

    def _decode(self, latents: Tensor, speakers: Tensor | None, mask: Tensor | None) -> Tensor:
        """Return (B, samples). Beyond a row's end `mask` puts the zeros that it has alone."""
        hidden = self._decoder.conv_pre(latents)
        if speakers is not None:
            hidden = hidden + self._decoder.cond(speakers)
        num_blocks = len(self._blocks) // len(self._rates)
        for stage, rate in enumerate(self._rates):
            hidden = functional.leaky_relu(hidden, self._slope)
            hidden = self._decoder.upsampler[stage](_within(hidden, mask))
            mask = None if mask is None else mask.repeat_interleave(rate, dim=2)
            blocks = self._blocks[stage * num_blocks :][:num_blocks]
            residuals = [self._residual(block, hidden, mask) for block in blocks]
            hidden = reduce(torch.add, residuals) / num_blocks
        hidden = _within(functional.leaky_relu(hidden), mask)
        return torch.tanh(self._decoder.conv_post(hidden))[:, 0]

    def _residual(self, block: HifiGanResidualBlock, hidden: Tensor, mask: Tensor | None) -> Tensor:
        for first, second in zip(block.convs1, block.convs2, strict=True):
            inner = first(_within(functional.leaky_relu(hidden, self._slope), mask))
            inner = second(_within(functional.leaky_relu(inner, self._slope), mask))
            hidden = hidden + inner
        return hidden


def reach_of(config: VitsConfig) -> int:
    """Return how many hops to each side decide what is heard in one."""
    rates = list(accumulate(config.upsample_rates, mul))
    upsampling = sum(
        ceil(kernel / rate) * rate / product
        for kernel, rate, product in zip(
            config.upsample_kernel_sizes, config.upsample_rates, rates, strict=True
        )
    )
    blocks = zip(config.resblock_kernel_sizes, config.resblock_dilation_sizes, strict=True)
    block = max((kernel - 1) // 2 * (sum(each) + len(each)) for kernel, each in blocks)
    residual = sum(block / product for product in rates)
    reach: float = _OUTER_REACH + upsampling + residual + _OUTER_REACH / rates[-1]
    return ceil(reach)


def _mask(lengths: Sequence[int], latents: Tensor) -> Tensor | None:
    """Return (B, 1, longest); None where nothing is padded."""
    if min(lengths) == max(lengths):
        return None
    places = torch.arange(max(lengths), device=latents.device)
    within = places < torch.tensor(lengths, device=latents.device)[:, None]
    return within[:, None].to(latents.dtype)


def _within(hidden: Tensor, mask: Tensor | None) -> Tensor:
    return hidden if mask is None else hidden * mask
