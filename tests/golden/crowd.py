"""Unrelated rows in the same batch: what is compared never has the model to itself."""

import torch
from torch import Tensor

from engine.runners.s1.blocks import BlockPool, BlockTable
from engine.runners.s1.language_model import LanguageModel
from engine.runners.s1.paged_cache import PagedBatch, PagedCache

#: New tokens of each neighbour in every step: pieces of prompts, and single columns.
_NEIGHBOURS = (5, 1, 2)
_BLOCK_SIZE = 8


def random_columns(model: LanguageModel, length: int, generator: torch.Generator) -> Tensor:
    """Return columns (length, num_codebooks + 1) of any tokens and any codes."""
    config = model.config
    tokens = torch.randint(config.vocab_size, (length, 1), generator=generator)
    shape = (length, config.num_codebooks)
    codes = torch.randint(config.codebook_size, shape, generator=generator)
    return torch.cat((tokens, codes), dim=1)


class Crowd:
    """One row that is looked at, between others, in a paged cache whose blocks they share out."""

    def __init__(self, model: LanguageModel, max_tokens: int) -> None:
        """Make room for `max_tokens` in every row."""
        self._model = model
        self._groups = model.config.slow.num_heads // model.config.slow.num_kv_heads
        num_blocks = (len(_NEIGHBOURS) + 1) * (max_tokens // _BLOCK_SIZE + 1)
        self._pool = BlockPool(num_blocks, _BLOCK_SIZE)
        self._cache = PagedCache(
            model.config.slow, num_blocks, _BLOCK_SIZE, dtype=model.dtype, device=model.device
        )
        self._max_tokens = max_tokens
        self._tables = [BlockTable() for _ in range(len(_NEIGHBOURS) + 1)]
        self._generator = torch.Generator().manual_seed(0)

    def read(self, columns: Tensor) -> Tensor:
        """Return the states (T, dim) of the row's next columns (T, num_codebooks + 1)."""
        lengths = [_NEIGHBOURS[0], len(columns), *_NEIGHBOURS[1:]]
        pieces = [random_columns(self._model, length, self._generator) for length in lengths]
        pieces[1] = columns
        for index, (table, length) in enumerate(zip(self._tables, lengths, strict=True)):
            # A neighbour that is full leaves, and another begins.
            if index != 1 and table.num_tokens + length > self._max_tokens:
                self._pool.close(table)
            self._pool.grow(table, table.num_tokens + length)
        rows = list(zip(self._tables, lengths, strict=True))
        batch = PagedBatch(self._cache, rows, self._groups)
        states = self._model.slow(torch.cat(pieces).long(), batch.positions, batch)
        for table, length in rows:
            table.num_tokens += length
        return states[lengths[0] : lengths[0] + len(columns)]
