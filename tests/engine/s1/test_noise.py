"""Noise by counter: the generator of the paper, and the same for a row in any batch."""

import pytest
import torch

from engine.runners.s1.noise import CounterNoise, FrameNoise
from engine.runners.s1.philox import exponential, philox

#: Counter, key and result, as the paper's authors publish them with their code (Random123).
KNOWN = [
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    (
        (0xFFFFFFFF,) * 4,
        (0xFFFFFFFF,) * 2,
        (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD),
    ),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]


@pytest.mark.parametrize(("counter", "key", "expected"), KNOWN)
def test_philox_is_that_of_the_paper(
    counter: tuple[int, ...], key: tuple[int, ...], expected: tuple[int, ...]
) -> None:
    c0, c1, c2, c3 = (torch.tensor(word) for word in counter)
    k0, k1 = (torch.tensor(word) for word in key)
    assert tuple(philox((c0, c1, c2, c3), (k0, k1)).tolist()) == expected


def test_every_draw_is_finite_and_above_zero() -> None:
    draws = exponential(torch.tensor([0, 1, 2**31, 2**32 - 1]))
    assert (draws > 0).all()
    assert draws.isfinite().all()


def noise(seeds: list[int], frames: list[int]) -> FrameNoise:
    source = CounterNoise(
        num_tokens=4_097, num_codebooks=10, num_codes=1_024, device=torch.device("cpu")
    )
    return source(torch.tensor(seeds), torch.tensor(frames))


def test_the_noise_of_a_row_is_the_same_in_any_batch() -> None:
    together = noise([5, 2**53 - 1, 5], [0, 7, 1])
    for row, (seed, frame) in enumerate([(5, 0), (2**53 - 1, 7), (5, 1)]):
        one = noise([seed], [frame])
        assert torch.equal(one.tokens[0], together.tokens[row])
        assert torch.equal(one.codes[0], together.codes[row])


def test_seed_frame_and_codebook_each_change_the_noise() -> None:
    drawn = noise([1, 2, 1, 1 + 2**32], [0, 0, 1, 0])
    stretches = torch.cat((drawn.tokens[:, None, :1024], drawn.codes), dim=1).flatten(0, 1)
    assert len(stretches.unique(dim=0)) == len(stretches) == 40


def test_the_noise_is_exponential() -> None:
    drawn = noise(list(range(8)), [0] * 8).codes.flatten().sort().values
    expected = 1 - (-drawn).exp()
    steps = torch.arange(len(drawn)) / len(drawn)
    # Kolmogorov and Smirnov: one in ten thousand is further off than this.
    assert (expected - steps).abs().max() < 2.2 / len(drawn) ** 0.5
