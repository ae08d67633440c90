"""What comes out of the audio path depends on the segments, and on nothing else."""

from fractions import Fraction
from math import floor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.audio.path import AudioPath
from tests.server.audio.signals import chunks, feed_segment, loudest_hz, noise, sine

RATES = [
    (22050, 8000),
    (22050, 16000),
    (22050, 24000),
    (22050, 44100),
    (22050, 48000),
    (44100, 24000),
    (11111, 24000),
    (22050, 11111),
    (8000, 48000),
]
STRETCHES = ["0.5", "0.8", "1.25", "2", "3"]
WAYS = [(*rates, "1") for rates in RATES] + [
    (22050, 24000 if stretch == "1.25" else 22050, stretch) for stretch in STRETCHES
]

every_way = pytest.mark.parametrize(("model_hz", "output_hz", "stretch"), WAYS)


def new_path(model_hz: int, output_hz: int, stretch: str, volume_db: float = 0.0) -> AudioPath:
    return AudioPath(
        model_rate_hz=model_hz,
        sample_rate_hz=output_hz,
        stretch=float(stretch),
        volume_db=volume_db,
    )


def expected_samples(num_samples: int, model_hz: int, output_hz: int, stretch: str) -> int:
    exact = Fraction(num_samples * output_hz, model_hz) / Fraction(stretch)
    return floor(exact + Fraction(1, 2))


@every_way
@settings(max_examples=20, deadline=None)
@given(
    num_samples=st.integers(0, 9000),
    cuts=st.lists(st.integers(0, 9000), max_size=30),
)
def test_any_chunking_gives_the_same_samples_in_every_segment(
    model_hz: int, output_hz: int, stretch: str, num_samples: int, cuts: list[int]
) -> None:
    pcm = noise(num_samples)
    whole = feed_segment(new_path(model_hz, output_hz, stretch), [pcm])
    path = new_path(model_hz, output_hz, stretch)
    for _ in range(2):
        cut = feed_segment(path, chunks(pcm, (min(at, num_samples) for at in cuts)))
        np.testing.assert_array_equal(cut, whole)


@every_way
@pytest.mark.parametrize("chunk", [7, 1025, 20_000])
def test_a_long_segment_is_the_same_whole_and_in_chunks(
    model_hz: int, output_hz: int, stretch: str, chunk: int
) -> None:
    pcm = noise(70_001)
    whole = feed_segment(new_path(model_hz, output_hz, stretch), [pcm])
    cut = feed_segment(
        new_path(model_hz, output_hz, stretch), chunks(pcm, range(chunk, pcm.size, chunk))
    )
    np.testing.assert_array_equal(cut, whole)


@every_way
@pytest.mark.parametrize("num_samples", [0, 1, 2, 100, 1024, 22051, 44100])
def test_a_segment_becomes_exactly_as_long_as_arithmetic_says(
    model_hz: int, output_hz: int, stretch: str, num_samples: int
) -> None:
    path = new_path(model_hz, output_hz, stretch)
    out = feed_segment(path, [noise(num_samples)])
    assert out.dtype == np.int16
    assert out.size == path.produced == expected_samples(num_samples, model_hz, output_hz, stretch)


@every_way
def test_a_sine_keeps_its_frequency_and_its_loudness(
    model_hz: int, output_hz: int, stretch: str
) -> None:
    out = feed_segment(new_path(model_hz, output_hz, stretch), [sine(440, model_hz, 3.0)])
    middle = out[out.size // 10 : -out.size // 10]
    assert loudest_hz(middle, output_hz) == pytest.approx(440, abs=2.5)
    loudness = np.sqrt(np.mean(middle.astype(float) ** 2))
    assert loudness == pytest.approx(8000 / np.sqrt(2), rel=0.05)


def test_what_the_lower_rate_cannot_carry_is_gone() -> None:
    out = feed_segment(new_path(22050, 8000, "1"), [sine(6000, 22050, 1.0)])
    assert np.abs(out[500:-500]).max() <= 1


@every_way
@settings(max_examples=15, deadline=None)
@given(upto=st.integers(1, 20_000), size=st.integers(50, 5000))
def test_what_demand_asks_for_is_enough(
    model_hz: int, output_hz: int, stretch: str, upto: int, size: int
) -> None:
    path = new_path(model_hz, output_hz, stretch)
    feed_segment(path, [noise(1000)])
    target = path.produced + upto
    demand = path.demand(target)
    pcm = noise(demand - 1000)
    for at in range(0, pcm.size, size):
        path.feed(pcm[at : at + size], segment_end=False)
    assert path.produced >= target
    assert path.demand(target) == demand


def test_demand_is_exact_where_nothing_is_held_back() -> None:
    path = new_path(24000, 24000, "1", volume_db=-3)
    path.feed(noise(100), segment_end=True)
    assert path.demand(101) == 101


def test_demand_holds_at_most_a_fifth_of_a_second_back_for_telephony() -> None:
    assert new_path(22050, 8000, "1").demand(1) < 22050 // 5


@every_way
def test_positions_are_monotonic_and_exact_at_segment_starts(
    model_hz: int, output_hz: int, stretch: str
) -> None:
    path = new_path(model_hz, output_hz, stretch)
    starts = [(0, 0)]
    for num_samples in (1001, 0, 7, 2222):
        feed_segment(path, [noise(num_samples)])
        starts.append((starts[-1][0] + num_samples, path.produced))
    assert [path.position(model_at) for model_at, _ in starts] == [at for _, at in starts]
    positions = [path.position(model_at) for model_at in range(starts[-1][0] + 500)]
    assert positions == sorted(positions)


def test_where_nothing_is_to_be_done_the_same_array_comes_out() -> None:
    path = new_path(24000, 24000, "1")
    pcm = noise(1000)
    assert path.feed(pcm, segment_end=False) is pcm
    assert path.feed(pcm, segment_end=True) is pcm
    assert path.produced == path.position(2000) == 2000


@pytest.mark.parametrize(("volume_db", "factor"), [(6.0, 1.99526), (-20.0, 0.1), (0.5, 1.05925)])
def test_volume_is_amplitude_in_decibels(volume_db: float, factor: float) -> None:
    pcm = noise(1000)
    out = new_path(24000, 24000, "1", volume_db).feed(pcm, segment_end=False)
    np.testing.assert_allclose(out, pcm * factor, atol=0.6)


def test_what_is_too_loud_is_saturated_and_never_wraps() -> None:
    pcm = np.array([-32768, -20000, -1, 0, 1, 20000, 32767], np.int16)
    out = new_path(24000, 24000, "1", 20.0).feed(pcm, segment_end=True)
    assert out.tolist() == [-32768, -32768, -10, 0, 10, 32767, 32767]


def test_resampling_a_full_scale_square_saturates_its_overshoot() -> None:
    square = np.where(sine(100, 22050, 0.5) >= 0, 32767, -32768).astype(np.int16)
    out = feed_segment(new_path(22050, 48000, "1"), [square])
    expected = np.where(sine(100, 48000, 0.5) >= 0, 1, -1)
    away_from_edges = np.abs(sine(100, 48000, 0.5)) > 2000
    assert (np.sign(out) == expected)[away_from_edges].all()
    assert out.max() == 32767
