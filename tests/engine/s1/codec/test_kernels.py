"""Packed kernels compute what plain ones do, for every shape of a call."""

import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - its usual name

from engine.runners.s1.codec.linear import Linear, can_pack
from engine.runners.s1.codec.time_convolution import (
    ColumnConvolution,
    PackedConvolution,
    PlainConvolution,
    time_convolution,
)

#: bfloat16 keeps 8 bits of each product's sum.
DTYPES = [(torch.float32, 1e-5), (torch.bfloat16, 4e-2)]


@pytest.mark.parametrize(("dtype", "tolerance"), DTYPES)
@pytest.mark.parametrize("dilation", [1, 3])
@pytest.mark.parametrize("taps", [2, 3, 7])
@pytest.mark.parametrize("batch", [1, 3])
def test_all_convolutions_agree(
    dtype: torch.dtype, tolerance: float, taps: int, dilation: int, batch: int
) -> None:
    draw = torch.Generator().manual_seed(taps)
    kernel = (torch.randn(24, 16, taps, generator=draw) / (16 * taps) ** 0.5).to(dtype)
    bias = torch.randn(24, generator=draw).to(dtype)
    kinds: list[type[PlainConvolution | ColumnConvolution | PackedConvolution]]
    kinds = [PlainConvolution, ColumnConvolution]
    if can_pack(kernel):
        kinds.append(PackedConvolution)
    for new in (1, 2, 40):
        x = torch.randn((taps - 1) * dilation + new, batch, 16, generator=draw).to(dtype)
        exact = PlainConvolution(kernel.double(), bias.double(), dilation)(x.double())
        assert exact.shape == (new, batch, 24)
        for kind in kinds:
            assert (kind(kernel, bias, dilation)(x) - exact).abs().max() < tolerance


def test_a_kernel_of_one_tap_is_a_product() -> None:
    assert isinstance(time_convolution(torch.zeros(2, 3, 1), torch.zeros(2), 1), Linear)


def test_float64_is_computed_by_plain_kernels() -> None:
    kernel = torch.zeros(2, 3, 7, dtype=torch.float64)
    chosen = time_convolution(kernel, torch.zeros(2, dtype=torch.float64), 1)
    assert isinstance(chosen, PlainConvolution)


def test_without_the_operators_of_onednn_plain_kernels_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.runners.s1.codec.linear._OPERATORS", ("an_operator_to_come",))
    chosen = time_convolution(torch.zeros(2, 3, 7), torch.zeros(2), 1)
    assert isinstance(chosen, PlainConvolution)


@pytest.mark.parametrize(("dtype", "tolerance"), DTYPES)
@pytest.mark.parametrize("shape", [(16,), (1, 16), (3, 2, 16)])
def test_a_packed_product_is_a_product(
    dtype: torch.dtype, tolerance: float, shape: tuple[int, ...]
) -> None:
    draw = torch.Generator().manual_seed(1)
    weight = (torch.randn(8, 16, generator=draw) / 4).to(dtype)
    bias = torch.randn(8, generator=draw).to(dtype)
    x = torch.randn(shape, generator=draw).to(dtype)
    ours = Linear(weight, bias)(x)
    assert ours.shape == (*shape[:-1], 8)
    exact = F.linear(x.double(), weight.double(), bias.double())
    assert (ours - exact).abs().max() < tolerance
