"""Causal convolutions that go on where the last call ended.

Each remembers its last inputs in the row of `history` that it is given, and updates them there.
A stream begins with zeros. Steps in time are channels in disguise: a strided convolution first
joins `stride` positions into one, a transposed one parts each position into `stride` afterwards,
and what remains has stride 1.
"""

import torch
from torch import Tensor

from engine.runners.s1.codec.history import HistoryLayout
from engine.runners.s1.codec.snake import Snake
from engine.runners.s1.codec.time_convolution import time_convolution
from engine.runners.s1.codec.weights import Weights


class CausalConv:
    """A convolution whose every output sees its own input and those before."""

    def __init__(
        self, kernel: Tensor, bias: Tensor, layout: HistoryLayout, *, dilation: int = 1
    ) -> None:
        """Take `kernel` (out, in, taps) and `bias` (out,)."""
        _, channels, taps = kernel.shape
        self._span = layout.reserve((taps - 1) * dilation, channels)
        self._dtype = kernel.dtype
        self._convolve = time_convolution(kernel, bias, dilation)

    def __call__(self, x: Tensor, history: Tensor, activation: Snake | None = None) -> Tensor:
        """Convolve `activation(x)`; (time, batch, in) becomes (time, batch, out).

        `history` (batch, width) holds the inputs before `x`, and afterwards those of this call too.
        """
        num_before = self._span.num_positions
        inputs = x.new_empty((num_before + len(x), *x.shape[1:]), dtype=self._dtype)
        inputs[:num_before] = self._span.read(history)
        if activation is None:
            inputs[num_before:] = x
        else:
            activation(x, out=inputs[num_before:])
        self._span.write(history, inputs)
        return self._convolve(inputs)


def load_causal_conv(
    weights: Weights,
    layout: HistoryLayout,
    name: str,
    *,
    channels_in: int,
    channels_out: int,
    taps: int,
    dilation: int = 1,
) -> CausalConv:
    """Return the convolution whose tensors begin with `name`."""
    kernel = weights.exact(f"{name}.weight", channels_out, channels_in, taps).to(weights.dtype)
    bias = weights.exact(f"{name}.bias", channels_out).to(weights.dtype)
    return CausalConv(kernel, bias, layout, dilation=dilation)


class StridedConv:
    """A convolution that makes one position of `stride`; its taps are a multiple of them."""

    def __init__(
        self,
        weights: Weights,
        layout: HistoryLayout,
        name: str,
        *,
        channels_in: int,
        channels_out: int,
        taps: int,
        stride: int,
    ) -> None:
        kernel = weights.exact(f"{name}.weight", channels_out, channels_in, taps).to(weights.dtype)
        bias = weights.exact(f"{name}.bias", channels_out).to(weights.dtype)
        self._stride = stride
        self._conv = CausalConv(joined_kernel(kernel, stride), bias, layout)

    def __call__(self, x: Tensor, history: Tensor) -> Tensor:
        """(time, batch, in) becomes (time/stride, batch, out); `stride` must divide the time."""
        return self._conv(join_steps(x, self._stride), history)


class TransposedConv:
    """A transposed convolution that makes `stride` positions of one, and drops what is to come."""

    def __init__(
        self,
        weights: Weights,
        layout: HistoryLayout,
        name: str,
        *,
        channels_in: int,
        channels_out: int,
        taps: int,
        stride: int,
    ) -> None:
        kernel = weights.exact(f"{name}.weight", channels_in, channels_out, taps).to(weights.dtype)
        bias = weights.exact(f"{name}.bias", channels_out).to(weights.dtype)
        self._stride = stride
        self._conv = CausalConv(parted_kernel(kernel, stride), bias.repeat(stride), layout)

    def __call__(self, x: Tensor, history: Tensor, activation: Snake | None = None) -> Tensor:
        """(time, batch, in) becomes (time·stride, batch, out)."""
        return part_steps(self._conv(x, history, activation), self._stride)


def joined_kernel(kernel: Tensor, stride: int) -> Tensor:
    """(out, in, taps) of a strided convolution becomes (out, stride·in, taps/stride).

    Tap a·stride + r reads step r of the joined position a.
    """
    taps = torch.unflatten(kernel, 2, (-1, stride))
    return taps.permute(0, 3, 1, 2).flatten(1, 2).contiguous()


def parted_kernel(kernel: Tensor, stride: int) -> Tensor:
    """(in, out, taps) of a transposed convolution becomes (stride·out, in, taps/stride).

    Tap a·stride + r adds the input from a positions ago to step r; the oldest input comes first.
    """
    taps = torch.unflatten(kernel, 2, (-1, stride))
    return taps.flip(2).permute(3, 1, 0, 2).flatten(0, 1).contiguous()


def join_steps(x: Tensor, stride: int) -> Tensor:
    """(time, batch, channels) becomes (time/stride, batch, stride·channels)."""
    return torch.unflatten(x, 0, (-1, stride)).transpose(1, 2).flatten(2)


def part_steps(x: Tensor, stride: int) -> Tensor:
    """(time, batch, stride·channels) becomes (time·stride, batch, channels)."""
    return torch.unflatten(x, 2, (stride, -1)).transpose(1, 2).flatten(0, 1)
