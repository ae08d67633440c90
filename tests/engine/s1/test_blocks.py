"""Blocks: each has users or is free, and content is found where it is."""

import random

import numpy as np
import pytest

from engine.runners.s1.blocks import BlockPool, BlockTable, holders
from engine.runners.s1.errors import OutOfBlocks
from engine.runners.s1.prompt import Columns


def columns(seed: int, length: int) -> Columns:
    return np.random.default_rng(seed).integers(0, 100, (11, length))


def begun(pool: BlockPool, prompt: Columns) -> BlockTable:
    table = BlockTable()
    pool.begin(table, prompt)
    return table


def opened(pool: BlockPool, prompt: Columns) -> BlockTable:
    """Begin a table, compute all of it, and share it."""
    table = begun(pool, prompt)
    pool.grow(table, prompt.shape[1])
    table.num_tokens = prompt.shape[1]
    pool.share(table, prompt)
    return table


def test_a_table_has_as_many_blocks_as_it_needs() -> None:
    pool, table = BlockPool(4, 8), BlockTable()
    for num_tokens, blocks in [(1, [0]), (8, [0]), (9, [0, 1]), (9, [0, 1]), (32, [0, 1, 2, 3])]:
        pool.grow(table, num_tokens)
        assert table.blocks == blocks


def test_a_table_that_cannot_grow_stays_as_it_is() -> None:
    pool, table = BlockPool(2, 8), BlockTable()
    pool.grow(table, 8)
    with pytest.raises(OutOfBlocks):
        pool.grow(table, 17)
    assert table.blocks == [0]
    assert pool.num_free == 1


def test_equal_beginnings_share_their_full_blocks() -> None:
    pool = BlockPool(8, 4)
    first = opened(pool, columns(0, 10))
    longer = np.concatenate((columns(0, 10), columns(1, 9)), axis=1)
    second = begun(pool, longer)
    assert second.blocks == first.blocks[:2]
    assert second.num_tokens == 8


def test_equal_blocks_after_others_are_not_shared() -> None:
    pool = BlockPool(8, 4)
    opened(pool, np.concatenate((columns(0, 4), columns(1, 4)), axis=1))
    assert begun(pool, np.concatenate((columns(2, 4), columns(1, 4)), axis=1)).blocks == []


def test_what_is_not_computed_is_not_shared() -> None:
    pool, prompt = BlockPool(8, 4), columns(0, 12)
    table = begun(pool, prompt)
    pool.grow(table, 12)
    table.num_tokens = 7
    pool.share(table, prompt)
    assert begun(pool, prompt).num_tokens == 4


def test_a_shared_block_stays_until_it_is_needed_and_the_first_are_kept_longest() -> None:
    pool, prompt = BlockPool(4, 4), columns(0, 12)
    pool.close(opened(pool, prompt))
    assert pool.num_free == 4
    again = begun(pool, prompt)
    assert again.num_tokens == 12
    pool.close(again)
    # One block was never used; a second one is taken from the end of what is shared.
    pool.grow(BlockTable(), 8)
    assert begun(pool, prompt).num_tokens == 8


def test_a_used_shared_block_is_never_given_away() -> None:
    pool, prompt = BlockPool(3, 4), columns(0, 8)
    opened(pool, prompt)
    with pytest.raises(OutOfBlocks):
        pool.grow(BlockTable(), 8)
    assert begun(pool, prompt).num_tokens == 8


@pytest.mark.parametrize("seed", range(20))
def test_every_block_is_free_or_has_users_who_may_share_it(seed: int) -> None:
    rng = random.Random(seed)
    pool = BlockPool(16, 4)
    tables: list[tuple[BlockTable, Columns]] = []
    for _ in range(300):
        if rng.random() < 0.5:
            prompt = np.concatenate((columns(rng.randrange(3), 8), columns(rng.randrange(3), 8)), 1)
            table = begun(pool, prompt)
            tables.append((table, prompt))
            shared = table.num_tokens // 4
            try:
                pool.grow(table, 16)
            except OutOfBlocks:
                assert len(table.blocks) == shared
                continue
            table.num_tokens = 16
            if rng.random() < 0.7:
                pool.share(table, prompt)
        elif tables:
            pool.close(tables.pop(rng.randrange(len(tables)))[0])
        check(pool, tables)
    for table, _ in tables:
        pool.close(table)
    assert pool.num_free == 16


def check(pool: BlockPool, tables: list[tuple[BlockTable, Columns]]) -> None:
    users: dict[int, set[bytes]] = {}
    for table, prompt in tables:
        for index, block in enumerate(table.blocks):
            users.setdefault(block, set()).add(prompt[:, : (index + 1) * 4].tobytes())
    assert pool.num_free == 16 - len(users)
    # Whoever shares a block has the same columns up to its end.
    assert all(len(contents) == 1 for contents in users.values())


def test_those_hold_blocks_who_have_one_that_no_older_one_has() -> None:
    tables = {
        1: BlockTable([0, 1]),
        4: BlockTable([]),
        3: BlockTable([0, 2]),
        2: BlockTable([0, 1]),
    }
    assert holders(tables) == [1, 3]
