"""The keys and values of all sequences in the slow transformer, in blocks of one large tensor."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812 - the name that everyone uses
from torch import Tensor

from engine.runners.s1.blocks import BlockTable
from engine.runners.s1.config import TransformerConfig


class PagedCache:
    """The tensors behind a `BlockPool`: block b has the places from `b · block_size` on."""

    def __init__(
        self,
        config: TransformerConfig,
        num_blocks: int,
        block_size: int,
        *,
        dtype: torch.dtype,
        device: torch.device,
    ) -> None:
        """Allocate `num_blocks` blocks of `block_size` tokens in every layer."""
        #: A place beyond all blocks, for tokens that belong to nobody.
        self.scratch = num_blocks * block_size
        # Heads first: what one head attends to then lies side by side.
        shape = (config.num_layers, config.num_kv_heads, self.scratch + 1, config.head_dim)
        self.keys = torch.zeros(shape, dtype=dtype, device=device)
        self.values = torch.zeros(shape, dtype=dtype, device=device)
        self.block_size = block_size

    def places(self, table: BlockTable, begin: int, end: int) -> list[int]:
        """Return where the tokens `begin..end-1` of a table lie."""
        size = self.block_size
        return [table.blocks[at // size] * size + at % size for at in range(begin, end)]

    def context(self, table: BlockTable, end: int) -> slice | Tensor:
        """Return where the tokens `0..end-1` of a table lie: a stretch, or place by place."""
        size = self.block_size
        blocks = table.blocks[: -(-end // size)]
        first = blocks[0]
        # A stretch needs no copy.
        if blocks == list(range(first, first + len(blocks))):
            return slice(first * size, first * size + end)
        firsts = torch.tensor(blocks) * size
        places = (firsts[:, None] + torch.arange(size)).flatten()[:end]
        return places.to(self.keys.device)


@dataclass(frozen=True, slots=True)
class _Row:
    #: Which of the batch's tokens are the row's.
    tokens: slice
    #: Where its context lies, these tokens included: a stretch, or place by place.
    context: slice | Tensor
    #: (group · tokens, context) bool, None if all is seen by all.
    mask: Tensor | None


class PagedBatch:
    """`KeyValues` of several rows, each with some new tokens after its own context.

    Every row is attended to by itself, so what a step costs follows the live contexts, and a row's
    numbers do not depend on its neighbours.
    """

    def __init__(
        self, cache: PagedCache, rows: Sequence[tuple[BlockTable, int]], num_groups: int
    ) -> None:
        """Take tables with room, each with its number of new tokens, in the order of the tokens.

        `num_groups` is how many heads of queries share one of keys.
        """
        self._cache = cache
        device = cache.keys.device
        self._rows: list[_Row] = []
        places: list[int] = []
        positions: list[int] = []
        for table, num_new in rows:
            begin, end = table.num_tokens, table.num_tokens + num_new
            tokens = slice(len(places), len(places) + num_new)
            mask = _causal(begin, end, num_groups, device) if num_new > 1 else None
            self._rows.append(_Row(tokens, cache.context(table, end), mask))
            places += cache.places(table, begin, end)
            positions += range(begin, end)
        self._places = torch.tensor(places, device=device)
        #: (N,) int64: each token's place in its row.
        self.positions = torch.tensor(positions, device=device)

    def attend(self, layer: int, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """Do as `KeyValues` says."""
        keys, values = self._cache.keys[layer], self._cache.values[layer]
        keys.index_copy_(1, self._places, k.transpose(0, 1))
        values.index_copy_(1, self._places, v.transpose(0, 1))
        found = [
            _attend(q[row.tokens], _at(keys, row.context), _at(values, row.context), row.mask)
            for row in self._rows
        ]
        return torch.cat(found) if len(found) > 1 else found[0]


def _attend(q: Tensor, keys: Tensor, values: Tensor, mask: Tensor | None) -> Tensor:
    """Return what queries (T, heads, head_dim) find in keys and values (kv_heads, n, head_dim)."""
    # Queries that share keys stand in a row, as if they were further tokens.
    grouped = q.unflatten(1, (keys.shape[0], -1)).transpose(0, 1)  # (kv_heads, T, group, head_dim)
    found = F.scaled_dot_product_attention(
        grouped.flatten(1, 2)[None], keys[None], values[None], attn_mask=mask
    )
    return found.view(grouped.shape).transpose(0, 1).flatten(1, 2)


def _at(tensor: Tensor, context: slice | Tensor) -> Tensor:
    """Return (kv_heads, n, head_dim) of the context's places."""
    if isinstance(context, slice):
        return tensor[:, context]
    # Several times faster than an index in brackets.
    return tensor.index_select(1, context)


def _causal(begin: int, end: int, num_groups: int, device: torch.device) -> Tensor:
    """Let the token at `begin + i` see everything up to itself."""
    seen = torch.arange(end, device=device) <= torch.arange(begin, end, device=device)[:, None]
    return seen.repeat_interleave(num_groups, dim=0)
