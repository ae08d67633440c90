"""The keys and values of one frame in the fast transformer: dense, small, new for every frame."""

import torch
import torch.nn.functional as F  # noqa: N812 - the name that everyone uses
from torch import Tensor

from engine.runners.s1.config import TransformerConfig


class FrameKeyValues:
    """`KeyValues` of B rows that are always at the same position."""

    def __init__(
        self,
        config: TransformerConfig,
        batch: int,
        num_positions: int,
        *,
        dtype: torch.dtype,
        device: torch.device,
    ) -> None:
        """Make room for `num_positions` tokens of `batch` rows."""
        shape = (config.num_layers, batch, config.num_kv_heads, num_positions, config.head_dim)
        self._keys = torch.empty(shape, dtype=dtype, device=device)
        self._values = torch.empty(shape, dtype=dtype, device=device)
        self._batch = batch
        self._begin = 0
        self._end = 0

    def advance(self, length: int) -> None:
        """Take the next `length` positions as those that the following pass computes."""
        self._begin, self._end = self._end, self._end + length

    def attend(self, layer: int, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """Do as `KeyValues` says, with the tokens of one row side by side."""
        begin, end = self._begin, self._end
        keys, values = self._keys[layer], self._values[layer]
        keys[:, :, begin:end] = k.unflatten(0, (self._batch, -1)).transpose(1, 2)
        values[:, :, begin:end] = v.unflatten(0, (self._batch, -1)).transpose(1, 2)
        found = F.scaled_dot_product_attention(
            q.unflatten(0, (self._batch, -1)).transpose(1, 2),  # (B, heads, T, head_dim)
            keys[:, :, :end],
            values[:, :, :end],
            # Only the first pass has several tokens, and none before them.
            is_causal=end - begin > 1,
            enable_gqa=True,
        )
        return found.transpose(1, 2).flatten(0, 1)
