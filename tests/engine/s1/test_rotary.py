"""Rotary positions: rounded as the model was trained, and without an end."""

import math

import pytest
import torch

from engine.runners.s1.rotary import apply_rotary, rotary_rows, rotary_table
from tests.engine.s1.codec.test_golden import VECTORS


def test_the_table_is_the_one_the_original_stored() -> None:
    stored = torch.load(VECTORS / "checkpoint" / "codec.pth", weights_only=True, mmap=True)
    for name, head_dim in (("encoder.block.4.block.5", 64), ("quantizer.pre_module", 32)):
        table = stored[f"{name}.freqs_cis"]
        ours = rotary_table(len(table), head_dim, 10_000.0)
        assert torch.equal(ours, table.float())


def test_rows_are_those_of_the_table_at_any_position() -> None:
    table = rotary_table(6_000, 64, 10_000.0)
    positions = torch.tensor([[0, 5_999], [4_096, 17]])
    assert torch.equal(rotary_rows(positions, 64, 10_000.0), table[positions])


def test_neighbouring_channels_turn_together() -> None:
    x = torch.tensor([[[1.0, 0.0, 0.0, 1.0]]])  # (positions, heads, head_dim)
    rows = rotary_rows(torch.tensor([1]), 4, 100.0)
    expected = [math.cos(1), math.sin(1), -math.sin(0.1), math.cos(0.1)]
    assert apply_rotary(x, rows).flatten().tolist() == pytest.approx(expected, abs=4e-3)
