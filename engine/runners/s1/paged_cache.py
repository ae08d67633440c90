"""The keys and values of all sequences in the slow transformer, in blocks of one large tensor."""

from collections.abc import Sequence
from itertools import chain

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - the name that everyone uses
from numpy.typing import NDArray
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
        self.num_blocks = num_blocks

    def num_blocks_of(self, num_tokens: int) -> int:
        """Return how many blocks hold `num_tokens` tokens."""
        return -(-num_tokens // self.block_size)

    def places(self, blocks: Sequence[Sequence[int]]) -> NDArray[np.int64]:
        """Return the places (n,) int64 of all these blocks, one after another."""
        numbers = np.fromiter(chain.from_iterable(blocks), np.int64)
        places: NDArray[np.int64] = numbers[:, None] * self.block_size + np.arange(self.block_size)
        return places.reshape(-1)


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
        lengths = [num_new for _, num_new in rows]
        ends = [table.num_tokens + num_new for table, num_new in rows]
        blocks = [
            table.blocks[: cache.num_blocks_of(end)]
            for (table, _), end in zip(rows, ends, strict=True)
        ]
        # All rows in one go: one by one they would take longer than the products of a small model.
        places = cache.places(blocks)
        starts = np.cumsum([0, *(len(each) * cache.block_size for each in blocks[:-1])])
        positions = _new_positions(lengths, ends)
        new_places = places[np.repeat(starts, lengths) + positions]
        self._places = torch.from_numpy(new_places).to(device)
        #: (N,) int64: each token's place in its row.
        self.positions = torch.from_numpy(positions).to(device)
        self._lengths = lengths
        self._contexts = _contexts(cache, blocks, ends, torch.from_numpy(places).to(device))
        self._masks = [
            _causal(end - length, end, num_groups, device) if length > 1 else None
            for length, end in zip(lengths, ends, strict=True)
        ]

    def attend(self, layer: int, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """Do as `KeyValues` says."""
        keys, values = self._cache.keys[layer], self._cache.values[layer]
        keys.index_copy_(1, self._places, k.transpose(0, 1))
        values.index_copy_(1, self._places, v.transpose(0, 1))
        found = [
            _attend(queries, _at(keys, context), _at(values, context), mask)
            for queries, context, mask in zip(
                q.split(self._lengths), self._contexts, self._masks, strict=True
            )
        ]
        return torch.cat(found) if len(found) > 1 else found[0]


def _new_positions(lengths: Sequence[int], ends: Sequence[int]) -> NDArray[np.int64]:
    """Return (N,) for the last `lengths` tokens before `ends`: where each stands in its row."""
    firsts = np.cumsum([0, *lengths[:-1]])
    offsets = np.array(ends) - np.array(lengths) - firsts
    return np.repeat(offsets, lengths) + np.arange(sum(lengths))


def _contexts(
    cache: PagedCache, blocks: Sequence[Sequence[int]], ends: Sequence[int], places: Tensor
) -> list[slice | Tensor]:
    """Return where the tokens of each row lie: a stretch, which needs no copy, or place by place.

    `places` are those of all blocks.
    """
    sizes: list[int] = []
    for each, end in zip(blocks, ends, strict=True):
        sizes += (end, len(each) * cache.block_size - end)
    of_rows = places.split(sizes)[::2]
    return [
        _stretch(each, cache.block_size, end) or of_row
        for each, end, of_row in zip(blocks, ends, of_rows, strict=True)
    ]


def _stretch(blocks: Sequence[int], block_size: int, end: int) -> slice | None:
    first, last = blocks[0], blocks[-1]
    if last - first != len(blocks) - 1 or blocks != list(range(first, last + 1)):
        return None
    return slice(first * block_size, first * block_size + end)


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
