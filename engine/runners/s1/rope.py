"""Rotary positions: neighbouring pairs of a head's values turn by an angle of the position.

Su et al., "RoFormer: Enhanced Transformer with Rotary Position Embedding", 2021.
"""

import torch
from torch import Tensor


def rope_table(base: float, head_dim: int, num_positions: int) -> Tensor:
    """Return cosine and sine (num_positions, head_dim / 2, 2) float32, rounded to bfloat16.

    The weights were trained with a bfloat16 table, so the rounding stays whatever the model's
    dtype. Each step below is rounded to float32 on purpose: another order of the same operations
    moves thousands of entries to the next bfloat16.
    """
    exponents = torch.arange(0, head_dim, 2, dtype=torch.float32) / head_dim
    # In float64 and then rounded: float32 powers differ between libraries.
    powers = torch.pow(torch.tensor(base, dtype=torch.float64), exponents.double()).float()
    positions = torch.arange(num_positions, dtype=torch.float32)
    angles = positions[:, None] * (1.0 / powers)
    return torch.stack((angles.cos(), angles.sin()), dim=-1).bfloat16().float()


def rotate(x: Tensor, table: Tensor) -> Tensor:
    """Turn `x` (..., heads, head_dim) by the rows of the table (..., head_dim / 2, 2).

    Computed in float32, returned in the dtype of `x`.
    """
    even, odd = x.float().unflatten(-1, (-1, 2)).unbind(-1)  # (..., heads, head_dim / 2)
    cos, sin = table.unsqueeze(-3).unbind(-1)  # (..., 1, head_dim / 2)
    turned = torch.stack((even * cos - odd * sin, odd * cos + even * sin), dim=-1)
    return turned.flatten(-2).to(x.dtype)
