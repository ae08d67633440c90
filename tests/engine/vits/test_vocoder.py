"""A window sounds as the whole does there."""

from itertools import pairwise

import pytest
import torch
from torch import Tensor
from transformers import VitsConfig, VitsModel

from engine.runners.vits.vocoder import Vocoder, Window, reach_of

NUM_HOPS = 70
SIZES = {"flow_size": 6, "upsample_initial_channel": 16}


def vocoder(**sizes: object) -> tuple[Vocoder, VitsModel]:
    torch.manual_seed(0)
    config = VitsConfig.from_dict(SIZES | sizes)
    model = VitsModel(config).double().eval()
    return Vocoder(model.decoder, config), model


def window(latents: Tensor, begin: int, end: int) -> Window:
    return Window(latents, None, begin, end)


SHAPES: list[dict[str, object]] = [
    {},
    {"upsample_rates": [4, 2], "upsample_kernel_sizes": [4, 6], "resblock_kernel_sizes": [5, 3, 3]},
]


@pytest.mark.slow
@pytest.mark.parametrize("sizes", SHAPES)
def test_windows_of_any_size_in_any_batch_are_the_whole(sizes: dict[str, object]) -> None:
    vocode, model = vocoder(**sizes)
    torch.manual_seed(1)
    latents = torch.randn(2, 6, NUM_HOPS, dtype=torch.float64)
    with torch.inference_mode():
        whole = model.decoder(latents)[:, 0]
        spans = list(pairwise([0, 1, 24, 25, 41, NUM_HOPS]))
        pieces = vocode([window(row, *span) for row in latents for span in spans])
    joined = torch.cat(pieces).view_as(whole)
    assert torch.allclose(joined, whole, rtol=0, atol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("sizes", SHAPES)
def test_no_hop_beyond_the_reach_is_heard(sizes: dict[str, object]) -> None:
    vocode, model = vocoder(**sizes)
    torch.manual_seed(1)
    latents = torch.randn(1, 6, NUM_HOPS, dtype=torch.float64, requires_grad=True)
    hop = vocode.hop_samples
    model.decoder(latents)[0, 0, 35 * hop : 36 * hop].abs().sum().backward()
    assert latents.grad is not None
    (heard,) = latents.grad.abs().sum(dim=(0, 1)).nonzero(as_tuple=True)
    farthest = int((heard - 35).abs().max())
    # It is a bound, and not a wasteful one.
    assert vocode.reach - 2 <= farthest <= vocode.reach


def test_the_reach_of_the_released_sizes() -> None:
    assert reach_of(VitsConfig()) == 15
