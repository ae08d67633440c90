"""Attention at fixed shapes finds what attention row by row finds."""

import torch
from torch import Tensor

from engine.runners.s1.blocks import BlockPool, BlockTable
from engine.runners.s1.decode_batch import DecodeBatch
from engine.runners.s1.language_model import LanguageModel
from engine.runners.s1.paged_cache import PagedBatch, PagedCache
from tests.engine.s1.tiny import random_prompt, tiny_model

LENGTHS = (5, 17, 1, 30)
NUM_BLOCKS = 32
#: Blocks of eight tokens, for the longest row.
MOST_BLOCKS = 5
#: Float32 sums in another order, of states around 30.
TOLERANCE = 2e-4


class Rows:
    """Rows of different lengths that have read their prompts, in a cache of their own."""

    def __init__(self, model: LanguageModel) -> None:
        self.model = model
        self.pool = BlockPool(NUM_BLOCKS, 8)
        self.cache = PagedCache(
            model.config.slow, NUM_BLOCKS, 8, dtype=torch.float32, device=torch.device("cpu")
        )
        self.tables = [BlockTable() for _ in LENGTHS]
        for seed, (table, length) in enumerate(zip(self.tables, LENGTHS, strict=True)):
            self.pool.grow(table, length + 8)
            batch = PagedBatch(self.cache, [(table, length)], 2)
            columns = torch.from_numpy(random_prompt(seed, length).T.copy())
            model.slow(columns, batch.positions, batch)
            table.num_tokens = length

    def padded(self, num_rows: int) -> DecodeBatch:
        """Return the rows and others that belong to nobody."""
        positions = torch.zeros(num_rows, dtype=torch.int64)
        blocks = torch.full((num_rows, MOST_BLOCKS), NUM_BLOCKS)
        for row, table in enumerate(self.tables):
            positions[row] = table.num_tokens
            blocks[row, : len(table.blocks)] = torch.tensor(table.blocks)
        return DecodeBatch(self.cache, positions, blocks)

    def read(self, columns: Tensor, batch: PagedBatch | DecodeBatch) -> Tensor:
        states = self.model.slow(columns, batch.positions, batch)
        for table in self.tables:
            table.num_tokens += 1
        return states


def test_rows_padded_to_one_shape_read_what_they_read_alone() -> None:
    model = tiny_model()
    one_by_one, padded = Rows(model), Rows(model)
    for step in range(4):
        columns = torch.from_numpy(random_prompt(100 + step, len(LENGTHS) + 2).T.copy())
        paged = PagedBatch(one_by_one.cache, [(table, 1) for table in one_by_one.tables], 2)
        expected = one_by_one.read(columns[: len(LENGTHS)], paged)
        found = padded.read(columns, padded.padded(len(LENGTHS) + 2))
        assert torch.allclose(found[: len(LENGTHS)], expected, atol=TOLERANCE, rtol=0)
        # Rows that belong to nobody are no poison.
        assert found.isfinite().all()


def test_what_is_lost_in_a_block_does_not_reach_the_next_row_that_has_it() -> None:
    model = tiny_model()
    clean, dirty = Rows(model), Rows(model)
    for table in dirty.tables:
        behind = slice(table.blocks[-1] * 8, table.blocks[-1] * 8 + 8)
        dirty.cache.keys[:, :, behind] = torch.nan
        dirty.cache.values[:, :, behind] = torch.nan
    # Whoever comes to those places writes them before it reads them.
    columns = torch.from_numpy(random_prompt(100, len(LENGTHS)).T.copy())
    found = [rows.read(columns, rows.padded(len(LENGTHS))) for rows in (clean, dirty)]
    assert torch.equal(*found)


def test_what_belongs_to_nobody_is_written_beyond_all_blocks() -> None:
    model = tiny_model()
    rows = Rows(model)
    before = rows.cache.keys.clone()
    rows.tables = []
    rows.read(torch.from_numpy(random_prompt(0, 2).T.copy()), rows.padded(2))
    assert torch.equal(rows.cache.keys[:, :, :-1], before[:, :, :-1])
