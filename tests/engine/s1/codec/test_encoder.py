"""Recordings of any length become whole frames; what is no recording is refused."""

import pytest
import torch
from torch import Tensor

from engine.runners.s1.codec import BadCodecInput, encoder
from tests.engine.s1.codec.tiny import random_codes, tiny_codec


def noise(num_samples: int) -> Tensor:
    return torch.rand(num_samples, generator=torch.Generator().manual_seed(1)) - 0.5


@pytest.mark.parametrize(("num_samples", "num_frames"), [(1, 1), (2047, 1), (2048, 1), (2049, 2)])
def test_silence_completes_the_last_frame(num_samples: int, num_frames: int) -> None:
    samples = noise(num_samples)
    codes = tiny_codec().encoder.encode(samples)
    padded = torch.nn.functional.pad(samples, (0, num_frames * 2048 - num_samples))
    assert codes.shape == (10, num_frames)
    assert torch.equal(codes, tiny_codec().encoder.encode(padded))


def test_a_recording_encoded_in_pieces_has_the_latents_of_the_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    codec = tiny_codec(torch.float64)
    samples = noise(11 * 2048)
    whole = codec.encoder.latents(samples)
    for frames in (1, 3, 5):
        monkeypatch.setattr(encoder, "PIECE_FRAMES", frames)
        assert (codec.encoder.latents(samples) - whole).abs().max() < 1e-12


def test_codes_lie_within_their_codebooks() -> None:
    codes = tiny_codec().encoder.encode(noise(20 * 2048))
    assert codes.min() >= 0
    assert codes[0].max() < 40
    assert codes[1:].max() < 20


@pytest.mark.parametrize(
    ("samples", "problem"),
    [
        (torch.zeros(0), "not floats"),
        (torch.zeros(2, 10), "not floats"),
        (torch.zeros(10, dtype=torch.int16), "not floats"),
        (torch.tensor([0.0, float("nan")]), "not finite"),
        (torch.tensor([0.0, float("inf")]), "not finite"),
    ],
)
def test_what_is_no_recording_is_refused(samples: Tensor, problem: str) -> None:
    with pytest.raises(BadCodecInput, match=problem):
        tiny_codec().encoder.encode(samples)


def test_a_code_beyond_its_codebook_is_its_last_row() -> None:
    codes = random_codes(0, 3)
    codes[0, 1], codes[4, 2] = 40, 999
    clamped = codes.clone()
    clamped[0, 1], clamped[4, 2] = 39, 19
    decoder = tiny_codec().decoder
    assert torch.equal(decoder._embedding(codes[None]), decoder._embedding(clamped[None]))


def test_encoding_can_be_given_up_before_every_piece() -> None:
    class GivenUp(Exception):
        pass

    num_asked = 0

    def give_up_at_the_third() -> None:
        nonlocal num_asked
        num_asked += 1
        if num_asked == 3:
            raise GivenUp

    samples = noise(4 * encoder.PIECE_FRAMES * 2048)
    with pytest.raises(GivenUp):
        tiny_codec().encoder.encode(samples, give_up_at_the_third)
    assert num_asked == 3
