"""What a listener answers, and what it measures; samples last a millisecond."""

import math

import pytest

from loadtest.listening import Listening
from loadtest.player import GRANT_PERIOD_S
from protocol import messages as m


def listening(interrupt_after_s: float = math.inf) -> Listening:
    made = Listening(1, 10.0, interrupt_after_s)
    made.take(m.Opened(1, 1_000), 10.0)
    return made


def hear(listener: Listening, at: int, num_samples: int, now_s: float) -> None:
    listener.take(m.Audio(1, at, bytes(2 * num_samples)), now_s)


def test_it_keeps_two_seconds_ahead_of_what_it_has_played() -> None:
    listener = listening()
    hear(listener, 0, 150, 10.1)
    assert listener.replies(10.24) == []
    assert listener.due_s == 10 + GRANT_PERIOD_S
    assert listener.replies(10.25) == [m.Credit(1, 2_150, 150)]
    assert listener.due_s == 10.25 + GRANT_PERIOD_S


def test_it_grants_nothing_for_what_it_has_not_played() -> None:
    listener = listening()
    assert listener.replies(10.25) == []
    assert listener.due_s == 10.25 + GRANT_PERIOD_S


def test_it_interrupts_when_it_said_it_would_and_measures_the_answer() -> None:
    listener = listening(interrupt_after_s=0.1)
    hear(listener, 0, 500, 10.05)
    assert listener.times.first_audio_s == pytest.approx(0.05)
    assert listener.due_s == pytest.approx(10.15)
    assert listener.replies(10.15 + 1e-9) == [m.Cancel(1, 100)]
    listener.take(m.Cancelled(1, 500), 10.152)
    assert listener.ended
    assert listener.times.cancelled_s == pytest.approx(0.002)


def test_a_silence_in_the_middle_is_an_underrun() -> None:
    listener = listening()
    hear(listener, 0, 100, 10.1)
    hear(listener, 100, 100, 10.15)
    assert listener.times.underruns == 0
    hear(listener, 200, 100, 10.5)
    assert listener.times.underruns == 1
    assert listener.times.pcm_bytes == 600


def test_nothing_is_said_after_the_end() -> None:
    listener = listening()
    hear(listener, 0, 100, 10.1)
    listener.take(m.Done(1, 100, "end"), 10.2)
    assert listener.ended
    assert listener.replies(11.0) == []
