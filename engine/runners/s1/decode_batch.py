"""Attention of one new token a row at fixed shapes, for devices on which every launch costs."""

import torch
import torch.nn.functional as F  # noqa: N812 - the name that everyone uses
from torch import Tensor

from engine.runners.s1.paged_cache import PagedCache


class DecodeBatch:
    """`KeyValues` of rows that each read one token, all of them in one product.

    Every row is padded to the longest one, and nothing here is looked at by the host.
    """

    def __init__(self, cache: PagedCache, positions: Tensor, blocks: Tensor) -> None:
        """Take where rows lie.

        Args:
            cache: what they read and write.
            positions: (B,) int64, each token's place in its row.
            blocks: (B, n) int64, the blocks of each row's tokens, with room for the new one; what
                comes behind those is not read.
        """
        self._cache = cache
        #: (B,) int64.
        self.positions = positions
        offsets = torch.arange(cache.block_size, device=blocks.device)
        places = (blocks[:, :, None] * cache.block_size + offsets).flatten(1)  # (B, context)
        is_seen = torch.arange(places.shape[1], device=blocks.device) <= positions[:, None]
        self._new_places = places.gather(1, positions[:, None])[:, 0]
        # What is not seen counts nothing, unless it is no number.
        self._places = torch.where(is_seen, places, cache.scratch)
        self._is_seen = is_seen[:, None, None]

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
        """Return (B, kv_heads, context, head_dim) of the rows' contexts."""
        num_rows, context = self._places.shape
        rows = tensor.index_select(1, self._places.flatten())
        return rows.view(-1, num_rows, context, rows.shape[-1]).transpose(0, 1)
