"""The arithmetic of when a listener runs dry."""

import pytest

from engine.scheduling.playback import Playback

RATE_HZ = 1_000


def test_before_any_audio_the_listener_is_dry() -> None:
    playback = Playback(RATE_HZ)
    assert playback.lead_s(5.0) == 0
    assert playback.deadline_s(5.0) == 5.0


def test_the_lead_shrinks_with_the_clock_from_the_first_sample_on() -> None:
    playback = Playback(RATE_HZ)
    playback.produce(10.0, 2_000)
    assert playback.lead_s(10.0) == 2.0
    assert playback.lead_s(10.5) == 1.5
    assert playback.deadline_s(10.5) == 12.0


def test_the_deadline_stands_still_while_nothing_is_made() -> None:
    playback = Playback(RATE_HZ)
    playback.produce(0.0, 3_000)
    assert {playback.deadline_s(now_s) for now_s in (0.0, 0.25, 1.0, 2.5)} == {3.0}


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
