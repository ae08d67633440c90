"""What encoder and decoder are made of: units that keep the shape (time, batch, channels)."""

import torch.nn.functional as F  # noqa: N812 - its usual name
from torch import Tensor

from engine.runners.s1.codec.convolution import load_causal_conv
from engine.runners.s1.codec.history import HistoryLayout
from engine.runners.s1.codec.linear import Linear
from engine.runners.s1.codec.snake import Snake
from engine.runners.s1.codec.weights import Weights

#: Taps of the widest convolution of every unit.
UNIT_TAPS = 7
#: A block has a residual unit for each.
DILATIONS = (1, 3, 9)
#: The hidden layer of a ConvNeXt unit is wider by this.
_EXPANSION = 4
_LAYER_NORM_EPS = 1e-6


class ResidualUnit:
    """x + conv(snake(dilated conv(snake(x))))."""

    def __init__(
        self, weights: Weights, layout: HistoryLayout, name: str, *, channels: int, dilation: int
    ) -> None:
        size = {"channels_in": channels, "channels_out": channels}
        self._snake = Snake(weights, f"{name}.block.0", channels)
        self._wide = load_causal_conv(
            weights, layout, f"{name}.block.1.conv", **size, taps=UNIT_TAPS, dilation=dilation
        )
        self._inner_snake = Snake(weights, f"{name}.block.2", channels)
        self._pointwise = load_causal_conv(weights, layout, f"{name}.block.3.conv", **size, taps=1)

    def __call__(self, x: Tensor, history: Tensor) -> Tensor:
        """Return the shape of `x` (time, batch, channels)."""
        inner = self._wide(x, history, self._snake)
        return self._pointwise(inner, history, self._inner_snake).add_(x)


class ConvNeXt:
    """x + scale · mlp(norm(depthwise conv(x))) (Liu et al. 2022, arXiv:2201.03545)."""

    def __init__(self, weights: Weights, layout: HistoryLayout, name: str, *, dim: int) -> None:
        self._span = layout.reserve(UNIT_TAPS - 1, dim)
        self._dtype = weights.dtype
        self._taps = weights.exact(f"{name}.dwconv.conv.weight", dim, 1, UNIT_TAPS).squeeze(1).t()
        self._bias = weights.exact(f"{name}.dwconv.conv.bias", dim)
        self._norm = (
            weights.exact(f"{name}.norm.weight", dim),
            weights.exact(f"{name}.norm.bias", dim),
        )
        self._expand = Linear(
            weights.exact(f"{name}.pwconv1.weight", _EXPANSION * dim, dim).to(weights.dtype),
            weights.exact(f"{name}.pwconv1.bias", _EXPANSION * dim).to(weights.dtype),
        )
        # The scale of the branch is folded into the layer that ends it.
        scale = weights.exact(f"{name}.gamma", dim)
        contract = weights.exact(f"{name}.pwconv2.weight", dim, _EXPANSION * dim)
        contract_bias = weights.exact(f"{name}.pwconv2.bias", dim)
        self._contract = Linear(
            (scale[:, None] * contract).to(weights.dtype), (scale * contract_bias).to(weights.dtype)
        )

    def __call__(self, x: Tensor, history: Tensor) -> Tensor:
        """Return the shape of `x` (time, batch, dim)."""
        y = self._depthwise(x, history)
        y = F.layer_norm(y, y.shape[-1:], *self._norm, eps=_LAYER_NORM_EPS).to(self._dtype)
        return self._contract(F.gelu(self._expand(y))).add_(x)

    def _depthwise(self, x: Tensor, history: Tensor) -> Tensor:
        before = self._span.read(history)
        inputs = x.new_empty((len(before) + len(x), *x.shape[1:]), dtype=history.dtype)
        inputs[: len(before)] = before
        inputs[len(before) :] = x
        self._span.write(history, inputs)
        # A handful of positions, a channel each for itself: sums, not a convolution.
        y = self._bias + inputs[: len(x)] * self._taps[0]
        for tap in range(1, UNIT_TAPS):
            y.addcmul_(inputs[tap : tap + len(x)], self._taps[tap])
        return y
