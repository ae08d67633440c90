"""The simulated listener."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.player import Player, Stall

RATE_HZ = 1_000
#: Gaps between deliveries in milliseconds, and their sizes in samples, which last a millisecond.
deliveries = st.lists(st.tuples(st.integers(0, 200), st.integers(1, 200)), min_size=1)


def play(player: Player, steps: list[tuple[int, int]]) -> list[Stall]:
    now_ms, stalls = 0, []
    for gap_ms, num_samples in steps:
        now_ms += gap_ms
        stall = player.deliver(num_samples, now_ms / 1e3)
        if stall is not None:
            stalls.append(stall)
    return stalls


@given(deliveries)
def test_it_runs_dry_after_all_its_audio_and_all_its_stalls(steps: list[tuple[int, int]]) -> None:
    player = Player(RATE_HZ)
    stalls = play(player, steps)
    audio_s = sum(num_samples for _, num_samples in steps) / RATE_HZ
    silent_s = sum(stall.duration_s for stall in stalls)
    assert player.dry_s == pytest.approx(steps[0][0] / 1e3 + audio_s + silent_s)


@given(deliveries, st.integers(0, 300))
def test_holding_back_never_makes_it_stall_more_often_or_earlier(
    steps: list[tuple[int, int]], held_ms: int
) -> None:
    eager = play(Player(RATE_HZ), steps)
    patient = play(Player(RATE_HZ, held_ms / 1e3), steps)
    assert len(patient) <= len(eager)
    assert not patient or patient[0].dry_s >= eager[0].dry_s - 1e-9


@given(deliveries)
def test_it_never_plays_more_than_it_has_nor_faster_than_time(steps: list[tuple[int, int]]) -> None:
    player, now_ms, total = Player(RATE_HZ), 0, 0
    for gap_ms, num_samples in steps:
        now_ms += gap_ms
        before = player.played(now_ms / 1e3)
        player.deliver(num_samples, now_ms / 1e3)
        total += num_samples
        assert before <= player.played(now_ms / 1e3 + 0.05) <= min(total, before + 51)


def test_audio_that_comes_late_ends_a_stall_that_began_when_it_ran_dry() -> None:
    player = Player(RATE_HZ)
    assert player.deliver(100, 1.0) is None
    stall = player.deliver(100, 1.3)
    assert stall is not None
    assert (stall.dry_s, stall.duration_s) == pytest.approx((1.1, 0.2))


def test_audio_in_time_is_no_stall() -> None:
    player = Player(RATE_HZ)
    assert [player.deliver(100, now_s) for now_s in (1.0, 1.05, 1.2, 1.29)] == [None] * 4


@given(st.floats(0, 1e6), deliveries, st.integers(8_000, 48_000))
def test_audio_on_the_very_sample_is_no_stall_whatever_the_clock_says(
    started_s: float, steps: list[tuple[int, int]], rate_hz: int
) -> None:
    player, now_s = Player(rate_hz), started_s
    for _, num_samples in steps:
        assert player.deliver(num_samples, now_s) is None
        now_s += num_samples / rate_hz


def test_what_it_holds_back_is_not_played() -> None:
    player = Player(RATE_HZ, 0.060)
    player.deliver(59, 0.0)
    assert player.played(10.0) == 0
    player.deliver(1, 10.0)
    assert player.played(10.0205) == 20
