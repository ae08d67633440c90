"""Rotary positions: the table of the original to the last bit, and pairs that turn."""

import pytest
import torch

from engine.runners.s1.rope import rope_table, rotate

HEAD_DIM = 128
BASE = 1e6
NUM_POSITIONS = 8_192


def cosines(kind: torch.dtype) -> torch.Tensor:
    """Return the cosines, exact but for the angles, which are computed in this type."""
    exponents = (torch.arange(0, HEAD_DIM, 2, dtype=kind) / HEAD_DIM).double()
    turns = 1 / (BASE**exponents).to(kind)
    angles = torch.arange(NUM_POSITIONS, dtype=kind)[:, None] * turns
    return angles.double().cos().float().bfloat16().float()


def test_the_table_is_rounded_at_every_step() -> None:
    table = rope_table(BASE, HEAD_DIM, NUM_POSITIONS)
    assert table.shape == (NUM_POSITIONS, HEAD_DIM // 2)
    # A library's cosine may be one bit off, and so be rounded to the other side: of half a million
    # entries that happens to a few. Without the rounding of the angles it happens to thousands.
    assert (table.real != cosines(torch.float32)).sum() < 30
    assert (table.real != cosines(torch.float64)).sum() > 3_000


@pytest.mark.parametrize("position", [0, 1, 77, 5_000])
def test_neighbouring_values_turn_by_the_angle_of_the_position(position: int) -> None:
    x = torch.randn(1, 2, HEAD_DIM, generator=torch.Generator().manual_seed(0))
    turns = rope_table(BASE, HEAD_DIM, NUM_POSITIONS)[position : position + 1]
    turned = rotate(x, turns)
    cos, sin = turns.real[:, None], turns.imag[:, None]
    even, odd = x[..., 0::2], x[..., 1::2]
    assert torch.allclose(turned[..., 0::2], even * cos - odd * sin, atol=1e-6)
    assert torch.allclose(turned[..., 1::2], odd * cos + even * sin, atol=1e-6)


def test_what_turns_keeps_its_type() -> None:
    turns = rope_table(BASE, HEAD_DIM, 3)
    assert rotate(torch.ones(3, 2, HEAD_DIM, dtype=torch.bfloat16), turns).dtype is torch.bfloat16
