"""A transformer of limited window over a stream, for rows at different positions."""

import torch
import torch.nn.functional as F  # noqa: N812 - its usual name
from torch import Tensor

from engine.runners.s1.codec.config import TransformerConfig
from engine.runners.s1.codec.linear import Linear
from engine.runners.s1.codec.weights import Weights
from engine.runners.s1.codec.window import AttentionWindow, View
from engine.runners.s1.rotary import rotary_rows, rotate


class WindowTransformer:
    """Pre-norm blocks and a final norm; every position sees `window` ones, itself included."""

    def __init__(self, weights: Weights, name: str, config: TransformerConfig) -> None:
        self.config = config
        self._blocks = [
            Block(weights, f"{name}.layers.{layer}", config, layer)
            for layer in range(config.num_layers)
        ]
        self._norm = RmsNorm(weights, f"{name}.norm", config)

    def __call__(self, x: Tensor, slots: Tensor, window: AttentionWindow) -> Tensor:
        """Return the shape of `x` (time, batch, dim); `window` goes on by `time` positions."""
        view = window.look(slots, len(x), self.config.window)
        turns = rotary_rows(view.positions.t(), self.config.head_dim, self.config.rope_base)
        for block in self._blocks:
            x = block(x, turns, view, window)
        window.positions[slots] += len(x)
        return self._norm(x)


class Block:
    """Attention, then a feed-forward layer, each scaled and added to what it was given."""

    def __init__(self, weights: Weights, name: str, config: TransformerConfig, layer: int) -> None:
        self._attention_norm = RmsNorm(weights, f"{name}.attention_norm", config)
        self._attention = Attention(weights, name, config, layer)
        self._ffn_norm = RmsNorm(weights, f"{name}.ffn_norm", config)
        self._feed_forward = FeedForward(weights, name, config)

    def __call__(self, x: Tensor, turns: Tensor, view: View, window: AttentionWindow) -> Tensor:
        """Return the shape of `x` (time, batch, dim)."""
        x = self._attention(self._attention_norm(x), turns, view, window).add_(x)
        return self._feed_forward(self._ffn_norm(x)).add_(x)


class Attention:
    """Every head has keys of its own; they are stored turned to their absolute positions."""

    def __init__(self, weights: Weights, name: str, config: TransformerConfig, layer: int) -> None:
        width = config.num_heads * config.head_dim
        qkv = weights.exact(f"{name}.attention.wqkv.weight", 3 * width, config.dim)
        out = weights.exact(f"{name}.attention.wo.weight", config.dim, width)
        self._qkv = Linear(qkv.to(weights.dtype))
        self._out = Linear(_scaled(weights, f"{name}.attention_layer_scale", out))
        self._head_dim = config.head_dim
        self._layer = layer

    def __call__(self, x: Tensor, turns: Tensor, view: View, window: AttentionWindow) -> Tensor:
        """Return the shape of `x` (time, batch, dim)."""
        queries, keys, values = (
            torch.unflatten(part, 2, (-1, self._head_dim)) for part in self._qkv(x).chunk(3, dim=2)
        )  # (time, batch, heads, head_dim)
        queries = rotate(queries, turns)
        places = view.places.t()
        window.keys[view.slots, self._layer, places] = rotate(keys, turns)
        window.values[view.slots, self._layer, places] = values
        attended = F.scaled_dot_product_attention(
            queries.permute(1, 2, 0, 3),
            window.keys[view.slots, self._layer].transpose(1, 2),
            window.values[view.slots, self._layer].transpose(1, 2),
            attn_mask=view.visible,
        )  # (batch, heads, time, head_dim)
        return self._out(attended.permute(2, 0, 1, 3).flatten(2))


class FeedForward:
    """SwiGLU (Shazeer 2020, arXiv:2002.05202)."""

    def __init__(self, weights: Weights, name: str, config: TransformerConfig) -> None:
        dim, inner = config.dim, config.intermediate_size
        gate, up = (
            weights.exact(f"{name}.feed_forward.{part}.weight", inner, dim) for part in ("w1", "w3")
        )
        down = weights.exact(f"{name}.feed_forward.w2.weight", dim, inner)
        self._gate_and_up = Linear(torch.cat((gate, up)).to(weights.dtype))
        self._down = Linear(_scaled(weights, f"{name}.ffn_layer_scale", down))

    def __call__(self, x: Tensor) -> Tensor:
        """Return the shape of `x` (time, batch, dim)."""
        gate, up = self._gate_and_up(x).chunk(2, dim=-1)
        return self._down(F.silu(gate).mul_(up))


class RmsNorm:
    """x / √mean(x²) · weight (Zhang and Sennrich 2019, arXiv:1910.07467)."""

    def __init__(self, weights: Weights, name: str, config: TransformerConfig) -> None:
        self._weight = weights.exact(f"{name}.weight", config.dim).to(weights.dtype)
        self._eps = config.norm_eps

    def __call__(self, x: Tensor) -> Tensor:
        """Return the shape and dtype of `x`; its statistics are taken in float32 at least."""
        return F.rms_norm(x, x.shape[-1:], eps=self._eps) * self._weight


def _scaled(weights: Weights, name: str, linear: Tensor) -> Tensor:
    """Fold the scale of a block's branch into the layer `linear` (out, in) that ends it."""
    return (weights.exact(f"{name}.gamma", len(linear))[:, None] * linear).to(weights.dtype)
