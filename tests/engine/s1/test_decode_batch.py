"""Attention at fixed shapes finds what attention row by row finds."""

import torch
from torch import Tensor

from engine.runners.s1.blocks import BlockPool, BlockTable
from engine.runners.s1.decode_batch import DecodeBatch
from engine.runners.s1.language_model import LanguageModel
from engine.runners.s1.paged_cache import PagedBatch, PagedCache
from tests.engine.s1.tiny import random_prompt, tiny_model

LENGTHS = (5, 17, 1, 30)
#: Float32 sums in another order, of states around 30.
TOLERANCE = 2e-4


class Rows:
    """Rows of different lengths that have read their prompts, in a cache of their own."""

    def __init__(self, model: LanguageModel) -> None:
        self.model = model
        self.pool = BlockPool(32, 8)
        self.cache = PagedCache(
            model.config.slow, 32, 8, dtype=torch.float32, device=torch.device("cpu")
        )
        self.tables = [BlockTable() for _ in LENGTHS]
        for seed, (table, length) in enumerate(zip(self.tables, LENGTHS, strict=True)):
            self.pool.grow(table, length + 8)
            batch = PagedBatch(self.cache, [(table, length)], 2)
            columns = torch.from_numpy(random_prompt(seed, length).T.copy())
            model.slow(columns, batch.positions, batch)
            table.num_tokens = length

    def read(self, columns: Tensor, batch: PagedBatch | DecodeBatch) -> Tensor:
        states = self.model.slow(columns, batch.positions, batch)
        for table in self.tables:
            table.num_tokens += 1
        return states


def test_rows_padded_to_one_shape_read_what_they_read_alone() -> None:
    model = tiny_model()
    one_by_one, padded = Rows(model), Rows(model)
    fixed = DecodeBatch(padded.cache, num_rows=len(LENGTHS) + 2, max_context=40)
    for step in range(4):
        columns = torch.from_numpy(random_prompt(100 + step, len(LENGTHS) + 2).T.copy())
        paged = PagedBatch(one_by_one.cache, [(table, 1) for table in one_by_one.tables], 2)
        expected = one_by_one.read(columns[: len(LENGTHS)], paged)
        fixed.fill(padded.tables)
        found = padded.read(columns, fixed)
        assert torch.allclose(found[: len(LENGTHS)], expected, atol=TOLERANCE, rtol=0)
        # Rows that belong to nobody harm nobody, and are no poison either.
        assert found.isfinite().all()


def test_what_belongs_to_nobody_is_written_beyond_all_blocks() -> None:
    model = tiny_model()
    rows = Rows(model)
    before = rows.cache.keys.clone()
    empty = DecodeBatch(rows.cache, num_rows=2, max_context=10)
    empty.fill([])
    model.slow(torch.from_numpy(random_prompt(0, 2).T.copy()), empty.positions, empty)
    assert torch.equal(rows.cache.keys[:, :, :-1], before[:, :, :-1])
