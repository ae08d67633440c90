"""Rotary position embedding (Su et al. 2021, arXiv:2104.09864), interleaved, with S1's rounding.

The model was trained with tables rounded to bfloat16, and keeps them rounded when it runs in
float32. An unrounded table is off by half a bfloat16 ulp, which is heard; so is another order of
operations, which changes thousands of entries by an ulp.
"""

import torch
from torch import Tensor


def rotary_table(
    num_positions: int, head_dim: int, base: float, device: torch.device | None = None
) -> Tensor:
    """Return cos and sin of positions `0..num_positions-1`: see `rotary_rows`."""
    return rotary_rows(torch.arange(num_positions, device=device), head_dim, base)


def rotary_rows(positions: Tensor, head_dim: int, base: float) -> Tensor:
    """Return cos and sin of absolute `positions`, of which there is no largest.

    Args:
        positions: (...,) integers.
        head_dim: channels of a head; each pair of neighbours turns at its own pace.
        base: the pair j turns by base^(-2j/head_dim) a position.

    Returns:
        (..., head_dim/2, 2) float32: cos, sin, rounded to bfloat16.
    """
    exponents = torch.arange(0, head_dim, 2, dtype=torch.float32, device=positions.device)
    # Some float32 routines for powers are an ulp off; float64, rounded, is not.
    powers = torch.pow(float(base), (exponents / head_dim).double()).float()
    angles = positions.float()[..., None] * powers.reciprocal()
    return torch.stack((angles.cos(), angles.sin()), dim=-1).bfloat16().float()


def apply_rotary(x: Tensor, table_rows: Tensor) -> Tensor:
    """Turn the pairs (x[2j], x[2j+1]) of each head; computed in float32 at least.

    Args:
        x: (..., heads, head_dim).
        table_rows: (..., head_dim/2, 2), the rows of the table at the positions of `x`.

    Returns:
        The shape and dtype of `x`.
    """
    exact = x.to(torch.promote_types(x.dtype, torch.float32))
    pairs = torch.unflatten(exact, -1, (-1, 2))
    cos, sin = table_rows.unsqueeze(-3).unbind(-1)
    even, odd = pairs.unbind(-1)
    turned = torch.stack((even * cos - odd * sin, odd * cos + even * sin), dim=-1)
    return turned.flatten(-2).to(x.dtype)
