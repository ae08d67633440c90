"""Slots: each has one owner or none, and the lowest free one is given first."""

import random

import pytest

from engine.scheduling.slots import SlotPool


def test_the_lowest_free_slot_is_given_first() -> None:
    pool = SlotPool(4)
    assert [pool.take(sequence_id) for sequence_id in (7, 8, 9)] == [0, 1, 2]
    pool.free(1)
    pool.free(0)
    assert [pool.take(sequence_id) for sequence_id in (10, 11, 12)] == [0, 1, 3]


def test_a_freed_slot_has_no_owner() -> None:
    pool = SlotPool(1)
    slot = pool.take(7)
    assert pool.owner(slot) == 7
    pool.free(slot)
    assert pool.owner(slot) is None
    assert pool.owners == {}


def test_freeing_a_free_slot_is_an_error() -> None:
    with pytest.raises(KeyError):
        SlotPool(1).free(0)


def test_owners_is_a_copy() -> None:
    pool = SlotPool(1)
    pool.take(7)
    pool.owners.clear()
    assert pool.owner(0) == 7


@pytest.mark.parametrize("seed", range(20))
def test_free_and_owned_slots_are_always_all_slots(seed: int) -> None:
    rng = random.Random(seed)
    pool = SlotPool(8)
    for sequence_id in range(500):
        if pool.num_free and rng.random() < 0.5:
            slot = pool.take(sequence_id)
            assert pool.owner(slot) == sequence_id
        elif pool.owners:
            pool.free(rng.choice(list(pool.owners)))
        assert pool.num_free + len(pool.owners) == 8
        assert set(pool.owners) <= set(range(8))
