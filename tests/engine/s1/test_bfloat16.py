"""bfloat16 on a CPU: packed weights, and how far from float32 it may be."""

from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - the name that everyone uses
from safetensors.torch import load_file

from engine.runners.s1.draw_state import DrawParameters
from engine.runners.s1.linear import linear
from tests.engine.s1.test_golden import VECTORS
from tests.engine.s1.tiny import alone, random_prompt, tiny_model
from tests.golden.crowd import Crowd
from tests.golden.forcing import fast_logits
from tests.golden.transformers import read_whole_model

#: Of logits, given every input. Measured: 0.9995 and 0.9999 at the least.
MIN_COSINE = 0.999


def refuse(*_: object) -> None:
    raise RuntimeError("could not create a primitive")


@pytest.mark.parametrize("has_bias", [True, False])
@pytest.mark.parametrize("shape", [(1, 32), (16, 32), (2, 3, 32)])
def test_a_packed_product_is_the_plain_one(shape: tuple[int, ...], has_bias: bool) -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(shape, generator=generator).bfloat16()
    weight = torch.randn(48, 32, generator=generator).bfloat16()
    bias = torch.randn(48, generator=generator).bfloat16() if has_bias else None
    product = linear(weight, bias)(x)
    assert product.dtype is torch.bfloat16
    # Two roundings to eight bits of sums of 32.
    assert torch.allclose(product.float(), F.linear(x, weight, bias).float(), rtol=0.02, atol=0.1)


@pytest.mark.parametrize("name", ["_reorder_linear_weight", "_linear_pointwise"])
@pytest.mark.parametrize("operator", [SimpleNamespace(), SimpleNamespace(default=refuse)])
def test_without_the_private_operators_the_product_is_the_plain_one(
    name: str, operator: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.ops.mkldnn, name, operator)
    weight = torch.randn(48, 32, generator=torch.Generator().manual_seed(0)).bfloat16()
    x = torch.ones(1, 32, dtype=torch.bfloat16)
    assert torch.equal(linear(weight)(x), F.linear(x, weight))


def test_the_logits_in_bfloat16_point_where_those_in_float32_do() -> None:
    model = read_whole_model(VECTORS / "checkpoint", torch.bfloat16)
    slow, fast = (load_file(VECTORS / f"{name}.safetensors") for name in ("c_slow", "d_fast"))
    crowd = Crowd(model, slow["prompt"].shape[1])
    logits = model.head(crowd.read(slow["prompt"].T))
    assert F.cosine_similarity(logits, slow["prefill_logits"], dim=-1).min() > MIN_COSINE
    logits = fast_logits(model, fast["hidden"], fast["forced_codes"])
    assert F.cosine_similarity(logits, fast["logits"], dim=-1).min() > MIN_COSINE


def test_frames_are_drawn_in_bfloat16() -> None:
    columns = alone(tiny_model(torch.bfloat16), random_prompt(0, 20), DrawParameters(seed=1), 8)
    assert columns.shape == (8, 5)
    assert len(columns.unique(dim=0)) > 1
