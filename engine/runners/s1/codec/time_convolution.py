"""Convolutions over time for a batch of streams, without padding.

Activations are (time, batch, channels). So every row of a step lies next to its neighbours, a
convolution reads its input where it lies, and no row can reach another.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F  # noqa: N812 - its usual name
from torch import Tensor

from engine.runners.s1.codec.linear import Linear, can_pack

#: (time, batch, in), contiguous, becomes (time - (taps - 1)·dilation, batch, out).
TimeConvolution = Callable[[Tensor], Tensor]

#: From here on one product over all taps is best: oneDNN chooses the layout of so wide a kernel by
#: the length it is told, and another length then takes up to two hundred times as long. What it
#: chooses for a narrower kernel and `_TYPICAL_POSITIONS` fits from 256 to 16,384 positions.
_WIDE_CHANNELS = 512
_TYPICAL_POSITIONS = 256


def time_convolution(kernel: Tensor, bias: Tensor, dilation: int) -> TimeConvolution:
    """Return the fastest convolution with `kernel` (out, in, taps) and `bias` (out,)."""
    _, channels, taps = kernel.shape
    if taps == 1:
        return Linear(kernel.squeeze(-1), bias)
    if not can_pack(kernel):
        return PlainConvolution(kernel, bias, dilation)
    if channels >= _WIDE_CHANNELS:
        return ColumnConvolution(kernel, bias, dilation)
    return PackedConvolution(kernel, bias, dilation)


class PlainConvolution:
    """An image of one column for each stream."""

    def __init__(self, kernel: Tensor, bias: Tensor, dilation: int) -> None:
        self._kernel = kernel.unsqueeze(-1)
        self._bias = bias
        self._dilation = dilation

    def __call__(self, x: Tensor) -> Tensor:
        """Convolve: see `TimeConvolution`."""
        image = x.permute(2, 0, 1).unsqueeze(0)  # (1, in, time, batch), channels last in memory
        y = F.conv2d(image, self._kernel, self._bias, dilation=(self._dilation, 1))
        return y.squeeze(0).permute(1, 2, 0)


class ColumnConvolution:
    """The inputs of all taps side by side, in one product."""

    def __init__(self, kernel: Tensor, bias: Tensor, dilation: int) -> None:
        self._taps = kernel.shape[2]
        self._dilation = dilation
        self._product = Linear(kernel.transpose(1, 2).flatten(1).contiguous(), bias)

    def __call__(self, x: Tensor) -> Tensor:
        """Convolve: see `TimeConvolution`."""
        time, batch, channels = x.shape
        step = batch * channels
        size = (time - (self._taps - 1) * self._dilation, batch, self._taps, channels)
        columns = x.as_strided(size, (step, channels, self._dilation * step, 1))
        return self._product(columns.flatten(2))


class PackedConvolution:
    """One long line of positions, on which a stream's next position lies `batch` further.

    A packed layout fits every batch that way.
    """

    def __init__(self, kernel: Tensor, bias: Tensor, dilation: int) -> None:
        self._out, channels, taps = kernel.shape
        self._bias = bias
        self._dilation = dilation
        self._reach = (taps - 1) * dilation
        typical = [1, channels, 1, self._reach + _TYPICAL_POSITIONS]
        self._kernel: Tensor = torch.ops.aten.mkldnn_reorder_conv2d_weight(
            kernel.unsqueeze(2).to_mkldnn(), [0, 0], [1, 1], [1, dilation], 1, typical
        )

    def __call__(self, x: Tensor) -> Tensor:
        """Convolve: see `TimeConvolution`."""
        time, batch, channels = x.shape
        line = x.view(1, 1, time * batch, channels).permute(0, 3, 1, 2)
        y: Tensor = torch.ops.mkldnn._convolution_pointwise(  # noqa: SLF001
            line, self._kernel, self._bias, [0, 0], [1, 1], [1, self._dilation * batch], 1,
            "none", [], "",
        )  # fmt: skip
        return y.permute(0, 2, 3, 1).reshape(time - self._reach, batch, self._out)
