"""Whole frames, recorded for some numbers of rows and some lengths of context."""

from bisect import bisect_left
from collections.abc import Sequence
from functools import partial
from itertools import chain
from operator import attrgetter
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from engine.runners.s1.capture import Capture, Work, sizes_up_to
from engine.runners.s1.decode_batch import DecodeBatch
from engine.runners.s1.forward import Forward
from engine.runners.s1.paged_cache import PagedCache

#: The shortest context that is recorded, in tokens: a voice and a sentence.
LEAST_CONTEXT = 512
#: Places of the cache that a frame reads at most, padding included: what is gathered of a layer
#: then takes 2 GB at the released sizes. Rows for which that is too little are two frames.
MOST_PLACES = 1 << 19


class FrameRow(NamedTuple):
    """A row that reads one more column, that of its slot in the state, and draws the next one."""

    slot: int
    #: Where its tokens lie, with room for that column.
    blocks: list[int]
    #: Tokens before that column.
    num_tokens: int


class FrameGraphs:
    """Draws the next column of rows that have one left to read, by doing again what was recorded.

    A recorded frame finds its rows in three tensors, which are written anew for each: slots,
    positions and blocks. Rows of nobody have a slot and a block of their own, behind all others.
    """

    def __init__(
        self,
        forward: Forward,
        cache: PagedCache,
        capture: Capture,
        *,
        num_slots: int,
        max_context: int,
        least_context: int = LEAST_CONTEXT,
        most_places: int = MOST_PLACES,
    ) -> None:
        """Record every shape that may be needed, for `num_slots` rows of `max_context` tokens."""
        self._forward = forward
        self._cache = cache
        self._nobody = num_slots
        self._contexts = sizes_up_to(max_context, least_context)
        self._sizes = {
            context: sizes_up_to(min(num_slots, max(most_places // context, 1)))
            for context in self._contexts
        }
        device = cache.keys.device
        self._rows = torch.empty(2 * num_slots, dtype=torch.int64, device=device)
        # Made now: if there were no memory for it later, what was drawn would be lost.
        shape = (num_slots, forward.num_columns)
        self._drawn = torch.empty(shape, dtype=torch.int64, device=device)
        num_blocks = max(
            sizes[-1] * cache.num_blocks_of(context) for context, sizes in self._sizes.items()
        )
        self._blocks = torch.empty(num_blocks, dtype=torch.int64, device=device)
        self._replays = self._record(capture)

    def draw(self, rows: Sequence[FrameRow]) -> tuple[list[int], Tensor]:
        """Draw the next column of each row.

        Returns:
            The slots in another order, and their columns (B, num_codebooks + 1) int64, which are
            good until the next call.
        """
        rows = sorted(rows, key=attrgetter("num_tokens"), reverse=True)
        begin = 0
        while begin < len(rows):
            context = _next_size(self._contexts, rows[begin].num_tokens + 1)
            part = rows[begin : begin + self._sizes[context][-1]]
            num_rows = _next_size(self._sizes[context], len(part))
            self._write(part, num_rows, context)
            # The next replay writes over what this one returns.
            found = self._replays[num_rows, context]()[: len(part)]
            self._drawn[begin : begin + len(part)].copy_(found)
            begin += len(part)
        return [row.slot for row in rows], self._drawn[: len(rows)]

    def _record(self, capture: Capture) -> dict[tuple[int, int], Work]:
        shapes = [(size, context) for context, sizes in self._sizes.items() for size in sizes]
        # The largest first: all others find room in its memory.
        shapes.sort(key=lambda shape: shape[0] * shape[1], reverse=True)
        replays = {}
        for num_rows, context in shapes:
            self._write([], num_rows, context)
            replays[num_rows, context] = capture(partial(self._frame, num_rows, context))
        return replays

    def _frame(self, num_rows: int, context: int) -> Tensor:
        slots, positions = self._rows_view(num_rows).unbind()
        batch = DecodeBatch(self._cache, positions, self._blocks_view(num_rows, context))
        return self._forward.draw_on(slots, positions, batch)

    def _write(self, rows: Sequence[FrameRow], num_rows: int, context: int) -> None:
        num_nobody = num_rows - len(rows)
        slots = [row.slot for row in rows] + [self._nobody] * num_nobody
        positions = [row.num_tokens for row in rows] + [0] * num_nobody
        self._rows_view(num_rows).copy_(torch.tensor((slots, positions)))
        num_blocks = self._cache.num_blocks_of(context)
        blocks = np.full((num_rows, num_blocks), self._cache.num_blocks)
        # A table may have grown beyond what is read.
        tables = [row.blocks[:num_blocks] for row in rows]
        sizes = np.array([len(table) for table in tables] + [0] * num_nobody)
        blocks[np.arange(num_blocks) < sizes[:, None]] = np.fromiter(
            chain.from_iterable(tables), np.int64
        )
        self._blocks_view(num_rows, context).copy_(torch.from_numpy(blocks))

    # In one piece each: a copy into several would take memory.
    def _rows_view(self, num_rows: int) -> Tensor:
        return self._rows[: 2 * num_rows].view(2, num_rows)

    def _blocks_view(self, num_rows: int, context: int) -> Tensor:
        num_blocks = self._cache.num_blocks_of(context)
        return self._blocks[: num_rows * num_blocks].view(num_rows, num_blocks)


def _next_size(sizes: Sequence[int], wanted: int) -> int:
    return sizes[bisect_left(sizes, wanted)]
