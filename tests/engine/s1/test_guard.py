"""A model that lost its way is stopped; one that speaks is not."""

import random

import pytest

from engine.runners.s1.guard import Guard, expected_frames, most_frames
from engine.steps import FinishReason

#: Frames of a second, of which the codec has 44,100 / 2,048.
FRAMES_PER_S = 44_100 / 2_048


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        # Times of unhurried reading.
        ("The quick brown fox jumps over the lazy dog.", 3.0),
        ("1,234,567.89", 6.5),
        ("999999999999", 9.0),
        ("\u4f60\u597d\uff0c\u4e16\u754c\u3002", 1.5),
        ("\u0421\u044a\u0435\u0448\u044c \u0435\u0449\u0451 \u0431\u0443\u043b\u043e\u043a.", 2.0),
        ("(laughing) Ha,ha,ha!", 4.0),
        ("?", 1.0),
    ],
)
def test_an_honest_reading_is_within_the_bound(text: str, seconds: float) -> None:
    assert seconds * FRAMES_PER_S < most_frames(text)
    assert most_frames(text) * 0.1 < seconds * FRAMES_PER_S
    assert expected_frames(text) < most_frames(text)


def test_a_text_that_is_no_unicode_has_a_bound_too() -> None:
    assert most_frames("\ud800") > 0


def test_the_frame_that_reaches_the_bound_is_the_last() -> None:
    guard = Guard(10)
    rng = random.Random(0)
    found = [guard.add(rng.randrange(4_096)) for _ in range(10)]
    assert found == [None] * 9 + [FinishReason.LENGTH]


@pytest.mark.parametrize("length", [1, 2, 7, 21])
def test_a_circle_is_noticed_after_three_seconds(length: int) -> None:
    rng = random.Random(length)
    guard = Guard(10_000)
    for _ in range(100):
        assert guard.add(rng.randrange(4_096)) is None
    circle = [5_000 + place for place in range(length)]
    num_frames = 0
    while guard.add(circle[num_frames % length]) is None:
        num_frames += 1
    assert num_frames + 1 == length + 65


@pytest.mark.parametrize("seed", range(5))
def test_what_differs_now_and_then_is_no_circle(seed: int) -> None:
    rng = random.Random(seed)
    guard = Guard(10_000)
    for frame in range(2_000):
        # A pause of up to two seconds, a sound, and a pause again.
        code = rng.randrange(100, 4_096) if frame % 43 == 0 else 17
        assert guard.add(code) is None
