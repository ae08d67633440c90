"""Rotary positions: neighbouring pairs of a head's values turn by an angle of the position.

Su et al., "RoFormer: Enhanced Transformer with Rotary Position Embedding", 2021. The weights were
trained with tables rounded to bfloat16, so the rounding stays whatever the model's dtype.
"""

import torch
from torch import Tensor


def rotary_table(
    num_positions: int, head_dim: int, base: float, device: torch.device | None = None
) -> Tensor:
    """Return the turns at the positions `0..num_positions-1`: see `rotary_rows`."""
    return rotary_rows(torch.arange(num_positions, device=device), head_dim, base)


def rotary_rows(positions: Tensor, head_dim: int, base: float) -> Tensor:
    """Return the turns at absolute `positions`, of which there is no largest.

    Each step below is rounded to float32 on purpose: another order of the same operations moves
    thousands of entries to the next bfloat16.

    Args:
        positions: (...,) integers.
        head_dim: values of a head; each pair of neighbours turns at its own pace.
        base: pair j turns by base^(-2j/head_dim) a position.

    Returns:
        (..., head_dim / 2) complex64, its parts rounded to bfloat16.
    """
    exponents = torch.arange(0, head_dim, 2, dtype=torch.float32, device=positions.device)
    # In float64 and then rounded: float32 powers differ between libraries.
    powers = torch.pow(float(base), (exponents / head_dim).double()).float()
    angles = positions.float()[..., None] * powers.reciprocal()
    return torch.complex(_rounded(angles.cos()), _rounded(angles.sin()))


def rotate(x: Tensor, turns: Tensor) -> Tensor:
    """Turn the pairs of `x` (..., heads, head_dim) by `turns` (..., head_dim / 2).

    Computed in float32 at least, returned in the dtype of `x`.
    """
    wide = x.to(torch.promote_types(x.dtype, torch.float32))
    # A pair is a complex number, and a turn a product: one pass over the memory instead of ten.
    pairs = torch.view_as_complex(wide.unflatten(-1, (-1, 2)))
    return torch.view_as_real(pairs * turns.unsqueeze(-2)).flatten(-2).to(x.dtype)


def _rounded(values: Tensor) -> Tensor:
    return values.bfloat16().float()
