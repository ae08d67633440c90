"""One stack of transformer blocks, read from the top down.

It is the same for the slow and for the fast transformer. What they attend to is not in here: a
`KeyValues` is an argument, keeps the keys and values of earlier tokens, and does the attention.
"""

from collections.abc import Mapping
from typing import Protocol

import torch
import torch.nn.functional as F  # noqa: N812 - the name that everyone uses
from torch import Tensor

from engine.runners.s1.config import TransformerConfig
from engine.runners.s1.linear import linear
from engine.runners.s1.rotary import rotate

Weights = Mapping[str, Tensor]


class KeyValues(Protocol):
    """The keys and values of the tokens before, and who may look at which."""

    def attend(self, layer: int, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """Add the new `k` and `v` to the layer's, and return what each query finds.

        Shapes: q and the result (N, num_heads, head_dim); k and v (N, num_kv_heads, head_dim).
        """
        ...


class Transformer:
    """The blocks of one stack, without embedding, last norm and output head."""

    def __init__(self, config: TransformerConfig, weights: Weights, stack: str) -> None:
        """Take the weights named `stack`.0.…, `stack`.1.… and so on."""
        self._blocks = [
            Block(config, scoped(weights, f"{stack}.{index}"), index)
            for index in range(config.num_layers)
        ]

    def __call__(self, x: Tensor, turns: Tensor, key_values: KeyValues) -> Tensor:
        """Map N tokens (N, dim) at the positions of the rows `turns` (N, head_dim / 2)."""
        for block in self._blocks:
            x = block(x, turns, key_values)
        return x


class Block:
    """Attention and feed-forward, each normed before and added to what came in."""

    def __init__(self, config: TransformerConfig, weights: Weights, layer: int) -> None:
        self._attention_norm = RMSNorm(weights["attention_norm.weight"], config.norm_eps)
        self._attention = Attention(config, scoped(weights, "attention"), layer)
        self._ffn_norm = RMSNorm(weights["ffn_norm.weight"], config.norm_eps)
        self._feed_forward = FeedForward(scoped(weights, "feed_forward"))

    def __call__(self, x: Tensor, turns: Tensor, key_values: KeyValues) -> Tensor:
        """Map (N, dim) to (N, dim)."""
        x = x + self._attention(self._attention_norm(x), turns, key_values)
        return x + self._feed_forward(self._ffn_norm(x))


class Attention:
    """Grouped-query attention: several heads of queries share one of keys and values."""

    def __init__(self, config: TransformerConfig, weights: Weights, layer: int) -> None:
        self._layer = layer
        self._head_dim = config.head_dim
        self._heads = (config.num_heads, config.num_kv_heads)
        self._qkv = linear(weights["wqkv.weight"], weights.get("wqkv.bias"))
        self._output = linear(weights["wo.weight"], weights.get("wo.bias"))
        self._qk_norm = None
        if config.qk_norm:
            # One weight for each head, so that queries and keys are normed in one go.
            q_weight = weights["q_norm.weight"].expand(config.num_heads, -1)
            k_weight = weights["k_norm.weight"].expand(config.num_kv_heads, -1)
            self._qk_norm = RMSNorm(torch.cat((q_weight, k_weight)), config.norm_eps)

    def __call__(self, x: Tensor, turns: Tensor, key_values: KeyValues) -> Tensor:
        """Map (N, dim) to (N, dim)."""
        num_heads, num_kv_heads = self._heads
        qkv = self._qkv(x).unflatten(-1, (-1, self._head_dim))
        qk, v = qkv.split((num_heads + num_kv_heads, num_kv_heads), dim=1)  # (N, heads, head_dim)
        if self._qk_norm is not None:
            qk = self._qk_norm(qk)
        q, k = rotate(qk, turns).split(self._heads, dim=1)
        return self._output(key_values.attend(self._layer, q, k, v).flatten(1))


class FeedForward:
    """SwiGLU: Shazeer, "GLU Variants Improve Transformer", 2020."""

    def __init__(self, weights: Weights) -> None:
        # Gate and input side by side are one product, and one read of `x`.
        self._gate_and_up = linear(torch.cat((weights["w1.weight"], weights["w3.weight"])))
        self._down = linear(weights["w2.weight"])

    def __call__(self, x: Tensor) -> Tensor:
        """Map (N, dim) to (N, dim)."""
        gate, up = self._gate_and_up(x).chunk(2, dim=-1)  # (N, ffn_dim)
        return self._down(F.silu(gate) * up)


class RMSNorm:
    """Division by the root mean square over the last axis, taken in float32 at least.

    Zhang and Sennrich, "Root Mean Square Layer Normalization", 2019.
    """

    def __init__(self, weight: Tensor, eps: float) -> None:
        self._weight = weight
        self._eps = eps

    def __call__(self, x: Tensor) -> Tensor:
        """Map (..., dim) to (..., dim) in the dtype of `x`."""
        # Cast back before the weight is applied, as in training.
        return F.rms_norm(x, x.shape[-1:], eps=self._eps) * self._weight


def scoped(weights: Weights, scope: str) -> Weights:
    """Return the weights whose names begin with `scope`, under the rest of their names."""
    start = f"{scope}."
    return {
        name.removeprefix(start): weight
        for name, weight in weights.items()
        if name.startswith(start)
    }
