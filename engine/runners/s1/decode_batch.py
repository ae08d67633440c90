"""Attention of one new token a row at fixed shapes, for devices on which every launch costs."""

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - the name that everyone uses
from torch import Tensor

from engine.runners.s1.blocks import BlockTable
from engine.runners.s1.paged_cache import PagedCache


class DecodeBatch:
    """`KeyValues` of rows that each read one token, all of them in one product.

    Every row is padded to the longest one. What a token reads is in tensors of a fixed shape, which
    `fill` writes anew for each step, so that a captured graph can be replayed on them.
    """

    def __init__(self, cache: PagedCache, num_rows: int, max_context: int) -> None:
        """Make room for `num_rows` rows of up to `max_context` tokens, the new one included."""
        device = cache.keys.device
        self._cache = cache
        #: Where the row's context lies; the scratch place where there is none.
        self._places = torch.empty((num_rows, max_context), dtype=torch.int64, device=device)
        self._is_seen = torch.empty((num_rows, 1, 1, max_context), dtype=torch.bool, device=device)
        self._new_places = torch.empty(num_rows, dtype=torch.int64, device=device)
        #: (num_rows,) int64: each token's place in its row.
        self.positions = torch.empty(num_rows, dtype=torch.int64, device=device)

    def fill(self, tables: Sequence[BlockTable]) -> None:
        """Take the tables with room for one more token each; rows beyond them read nothing."""
        num_rows, max_context = self._places.shape
        size = self._cache.block_size
        blocks = np.zeros((num_rows, -(-max_context // size)), np.int64)
        positions = np.zeros(num_rows, np.int64)
        for row, table in enumerate(tables):
            # A table may have grown beyond what is asked for.
            used = table.blocks[: table.num_tokens // size + 1]
            blocks[row, : len(used)] = used
            positions[row] = table.num_tokens
        places = (blocks[:, :, None] * size + np.arange(size)).reshape(num_rows, -1)
        is_seen = np.arange(max_context) <= positions[:, None]
        is_seen[len(tables) :] = False
        places = np.where(is_seen, places[:, :max_context], self._cache.scratch)
        # A softmax over nothing is no number.
        is_seen[len(tables) :, 0] = True
        self._places.copy_(torch.from_numpy(places))
        self._new_places.copy_(torch.from_numpy(places[np.arange(num_rows), positions]))
        self.positions.copy_(torch.from_numpy(positions))
        self._is_seen.copy_(torch.from_numpy(is_seen)[:, None, None])

    def attend(self, layer: int, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """Do as `KeyValues` says."""
        keys, values = self._cache.keys[layer], self._cache.values[layer]
        keys.index_copy_(1, self._new_places, k.transpose(0, 1))
        values.index_copy_(1, self._new_places, v.transpose(0, 1))
        found = F.scaled_dot_product_attention(
            q.unflatten(1, (keys.shape[0], -1)),  # (B, kv_heads, group, head_dim)
            self._gathered(keys),
            self._gathered(values),
            attn_mask=self._is_seen,
        )
        return found.flatten(1, 2)

    def _gathered(self, tensor: Tensor) -> Tensor:
        """Return (B, kv_heads, max_context, head_dim) of the rows' contexts."""
        num_rows, max_context = self._places.shape
        rows = tensor.index_select(1, self._places.flatten())
        return rows.view(-1, num_rows, max_context, rows.shape[-1]).transpose(0, 1)
