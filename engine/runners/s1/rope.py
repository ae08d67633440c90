"""Rotary positions: neighbouring pairs of a head's values turn by an angle of the position.

Su et al., "RoFormer: Enhanced Transformer with Rotary Position Embedding", 2021.
"""

import torch
from torch import Tensor


def rope_table(base: float, head_dim: int, num_positions: int) -> Tensor:
    """Return the turns (num_positions, head_dim / 2) complex64, rounded to bfloat16.

    The weights were trained with a bfloat16 table, so the rounding stays whatever the model's
    dtype. Each step below is rounded to float32 on purpose: another order of the same operations
    moves thousands of entries to the next bfloat16.
    """
    exponents = torch.arange(0, head_dim, 2, dtype=torch.float32) / head_dim
    # In float64 and then rounded: float32 powers differ between libraries.
    powers = torch.pow(torch.tensor(base, dtype=torch.float64), exponents.double()).float()
    positions = torch.arange(num_positions, dtype=torch.float32)
    angles = positions[:, None] * (1.0 / powers)
    return torch.complex(_rounded(angles.cos()), _rounded(angles.sin()))


def rotate(x: Tensor, turns: Tensor) -> Tensor:
    """Turn the pairs of `x` (N, heads, head_dim) by rows of the table (N, head_dim / 2).

    Computed in float32, returned in the dtype of `x`.
    """
    # A pair is a complex number, and a turn a product: one pass over the memory instead of ten.
    pairs = torch.view_as_complex(x.float().unflatten(-1, (-1, 2)))
    return torch.view_as_real(pairs * turns[:, None]).flatten(-2).to(x.dtype)


def _rounded(values: Tensor) -> Tensor:
    return values.bfloat16().float()
