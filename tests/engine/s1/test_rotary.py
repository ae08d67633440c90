"""Rotary positions: rounded as the model was trained, without an end, and pairs that turn."""

import pytest
import torch

from engine.runners.s1.rotary import rotary_rows, rotary_table, rotate
from tests.engine.s1.codec.test_golden import VECTORS

HEAD_DIM = 128
BASE = 1e6
NUM_POSITIONS = 8_192


def cosines(kind: torch.dtype) -> torch.Tensor:
    """Return the cosines, exact but for the angles, which are computed in this type."""
    exponents = (torch.arange(0, HEAD_DIM, 2, dtype=kind) / HEAD_DIM).double()
    turns = 1 / (BASE**exponents).to(kind)
    angles = torch.arange(NUM_POSITIONS, dtype=kind)[:, None] * turns
    return angles.double().cos().float().bfloat16().float()


def test_the_table_is_the_one_the_original_stored() -> None:
    stored = torch.load(VECTORS / "checkpoint" / "codec.pth", weights_only=True, mmap=True)
    for name, head_dim in (("encoder.block.4.block.5", 64), ("quantizer.pre_module", 32)):
        table = stored[f"{name}.freqs_cis"]
        ours = rotary_table(len(table), head_dim, 10_000.0)
        assert torch.equal(torch.view_as_real(ours), table.float())


def test_the_table_is_rounded_at_every_step() -> None:
    table = rotary_table(NUM_POSITIONS, HEAD_DIM, BASE)
    assert table.shape == (NUM_POSITIONS, HEAD_DIM // 2)
    # A library's cosine may be one bit off, and so be rounded to the other side: of half a million
    # entries that happens to a few. Without the rounding of the angles it happens to thousands.
    assert (table.real != cosines(torch.float32)).sum() < 30
    assert (table.real != cosines(torch.float64)).sum() > 3_000


def test_rows_are_those_of_the_table_at_any_position() -> None:
    table = rotary_table(6_000, 64, 10_000.0)
    positions = torch.tensor([[0, 5_999], [4_096, 17]])
    assert torch.equal(rotary_rows(positions, 64, 10_000.0), table[positions])


@pytest.mark.parametrize("position", [0, 1, 77, 5_000])
def test_neighbouring_values_turn_by_the_angle_of_the_position(position: int) -> None:
    x = torch.randn(1, 2, HEAD_DIM, generator=torch.Generator().manual_seed(0))
    turns = rotary_rows(torch.tensor([position]), HEAD_DIM, BASE)
    turned = rotate(x, turns)
    cos, sin = turns.real[:, None], turns.imag[:, None]
    even, odd = x[..., 0::2], x[..., 1::2]
    assert torch.allclose(turned[..., 0::2], even * cos - odd * sin, atol=1e-6)
    assert torch.allclose(turned[..., 1::2], odd * cos + even * sin, atol=1e-6)


@pytest.mark.parametrize("kind", [torch.bfloat16, torch.float32, torch.float64])
def test_what_turns_keeps_its_type(kind: torch.dtype) -> None:
    turns = rotary_table(3, HEAD_DIM, BASE)
    assert rotate(torch.ones(3, 2, HEAD_DIM, dtype=kind), turns).dtype is kind
