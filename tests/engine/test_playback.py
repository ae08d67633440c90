"""The arithmetic of when a listener runs dry."""

import pytest

from engine.scheduling.playback import Playback

RATE_HZ = 1_000


def test_before_any_audio_the_listener_is_dry_since_it_wanted_some() -> None:
    playback = Playback(RATE_HZ)
    playback.want(3.0)
    assert playback.lead_s(5.0) == 0
    assert playback.dry_s == 3.0


def test_one_that_wanted_nothing_has_not_waited_since_it_ran_dry() -> None:
    playback = Playback(RATE_HZ)
    playback.produce(0.0, 1_000)
    playback.want(60.0)
    assert playback.dry_s == 60.0


def test_wanting_more_takes_nothing_from_the_lead() -> None:
    playback = Playback(RATE_HZ)
    playback.produce(0.0, 3_000)
    playback.want(1.0)
    assert playback.dry_s == 3.0


def test_the_lead_shrinks_with_the_clock_from_the_first_sample_on() -> None:
    playback = Playback(RATE_HZ)
    playback.produce(10.0, 2_000)
    assert playback.lead_s(10.0) == 2.0
    assert playback.lead_s(10.5) == 1.5
    assert playback.dry_s == 12.0


def test_a_listener_that_waits_is_dry_since_the_same_moment_whatever_it_says() -> None:
    playback = Playback(RATE_HZ)
    playback.produce(0.0, 3_000)
    playback.report(4.0, 3_000)
    playback.report(5.0, 9_999)
    assert playback.dry_s == 3.0


def test_one_that_played_faster_than_the_clock_is_dry_from_its_word_on() -> None:
    playback = Playback(RATE_HZ)
    playback.produce(0.0, 3_000)
    playback.report(1.0, 3_000)
    playback.report(2.0, 3_000)
    assert playback.dry_s == 1.0


def test_a_turn_without_a_sample_is_a_turn() -> None:
    playback = Playback(RATE_HZ)
    playback.want(0.0)
    playback.produce(2.0, 0)
    assert playback.dry_s == 2.0


def test_a_listener_that_ran_dry_goes_on_from_where_it_stopped() -> None:
    playback = Playback(RATE_HZ)
    playback.produce(0.0, 1_000)
    assert playback.lead_s(60.0) == 0
    playback.produce(60.0, 500)
    assert playback.lead_s(60.0) == 0.5
    assert playback.lead_s(60.2) == pytest.approx(0.3)


def test_the_listener_is_believed_before_the_clock() -> None:
    playback = Playback(RATE_HZ)
    playback.produce(0.0, 4_000)
    playback.report(2.0, 500)
    assert playback.lead_s(2.0) == 3.5
    assert playback.lead_s(3.0) == 2.5


def test_nobody_has_played_what_does_not_exist() -> None:
    playback = Playback(RATE_HZ)
    playback.produce(0.0, 1_000)
    playback.report(0.5, 9_999)
    assert playback.lead_s(0.5) == 0
    playback.produce(0.5, 1_000)
    assert playback.lead_s(0.5) == 1.0


def test_only_a_listener_that_ran_dry_with_text_to_hear_has_underrun() -> None:
    playback = Playback(1_000)
    playback.want(0.0)
    assert not playback.produce(0.5, 1_000), "the first audio is late, but nobody ran dry"
    assert not playback.produce(1.0, 100)
    assert playback.produce(1.7, 100)
    assert not playback.produce(1.7, 100)
    # Nothing to hear until 5 s: the gap is the writer's.
    playback.want(5.0)
    assert not playback.produce(5.1, 100)
