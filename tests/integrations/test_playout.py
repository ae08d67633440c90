"""What was played, by the clock and by what the transport says of itself."""

import pytest

from protocol.integrations.playout import SETTLED_S, Playout

RATE_HZ = 1000


@pytest.fixture
def playout() -> Playout:
    return Playout(RATE_HZ)


def test_audio_plays_at_its_pace_from_when_it_was_pushed_and_no_further(playout: Playout) -> None:
    playout.push("a", 1000, 10.0)
    assert playout.played("a", 10.25) == 250
    assert playout.played("a", 12.0) == 1000


def test_a_speech_plays_after_the_one_before_it(playout: Playout) -> None:
    playout.push("a", 1000, 0.0)
    playout.push("b", 1000, 0.1)
    assert playout.delay_s("b", 1000, 0.1) == pytest.approx(1.9)
    assert (playout.played("a", 0.9), playout.played("b", 0.9)) == (900, 0)
    assert playout.played("b", 1.5) == 500


def test_time_in_which_there_is_nothing_to_play_does_not_count(playout: Playout) -> None:
    playout.push("a", 100, 0.0)
    playout.push("a", 1000, 5.0)
    assert playout.played("a", 5.5) == 600
    assert playout.delay_s("a", 1100, 5.5) == pytest.approx(0.5)


def test_nothing_plays_while_the_transport_says_that_it_is_silent(playout: Playout) -> None:
    playout.push("a", 1000, 0.0)
    playout.stopped(0.5)
    assert playout.played("a", 0.75) == 500
    playout.started(0.75)
    assert playout.played("a", 0.875) == 625


def test_a_transport_that_stopped_before_the_clock_had_it_finish_has_played_all(
    playout: Playout,
) -> None:
    playout.push("a", 1000, 0.0)
    playout.stopped(0.99)
    assert playout.played("a", 0.99 + SETTLED_S / 2) == 990
    assert playout.played("a", 0.99 + SETTLED_S) == 1000


def test_a_transport_that_is_silent_has_not_played_what_it_was_just_given(
    playout: Playout,
) -> None:
    playout.stopped(0.0)
    playout.push("a", 1000, 10.0)
    assert playout.played("a", 10.0 + SETTLED_S / 2) == 0
    playout.started(10.25)
    assert playout.played("a", 10.375) == 125


def test_what_the_transport_has_thrown_away_is_not_waited_for(playout: Playout) -> None:
    playout.push("a", 1000, 0.0)
    playout.push("b", 1000, 0.0)
    playout.forget("a")
    assert playout.played("b", 0.5) == 500


def test_asking_often_loses_no_sample(playout: Playout) -> None:
    playout.push("a", 1000, 0.0)
    for tick in range(3000):
        playout.played("a", tick / 3e3)
    assert playout.played("a", 1.0) == pytest.approx(1000, abs=1)
