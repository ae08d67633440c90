"""Pieces as full as they may be, and everything said at its sample."""

import numpy as np

from engine.outputs import MarkUnit
from engine.steps import FinishReason
from server.outgoing import Outgoing
from server.stream_events import AudioPiece, FlushReached, MarkReached, StreamDone, StreamEvent

RATE_HZ = 1_000
FULL = RATE_HZ // 5
PLENTY = 10**9


def samples(num: int) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    return np.ones(num, np.int16)


def lengths(outgoing: Outgoing, granted: int, *, may_hold: bool) -> list[int | StreamEvent]:
    """Take all there is: pieces as their lengths."""
    taken: list[int | StreamEvent] = []
    while (event := outgoing.next(granted, lambda: may_hold)) is not None:
        taken.append(len(event.pcm) if isinstance(event, AudioPiece) else event)
    return taken


def filled(*nums: int) -> Outgoing:
    outgoing = Outgoing(RATE_HZ)
    for num in nums:
        outgoing.put_audio(samples(num))
    return outgoing


def test_small_chunks_leave_in_full_pieces() -> None:
    assert lengths(filled(30, 280, 90), PLENTY, may_hold=False) == [FULL, FULL]


def test_what_is_not_full_waits_while_it_may() -> None:
    outgoing = filled(250)
    assert lengths(outgoing, PLENTY, may_hold=True) == [FULL]
    assert lengths(outgoing, PLENTY, may_hold=False) == [50]


def test_the_edge_of_credit_is_passed_by_nothing_and_makes_no_piece_full() -> None:
    outgoing = filled(250, 100)
    assert lengths(outgoing, 230, may_hold=True) == [FULL]
    assert lengths(outgoing, 240, may_hold=False) == [40]


def test_a_flush_and_an_end_of_text_wait_for_nothing_and_are_never_passed() -> None:
    outgoing = filled(50)
    flushed = FlushReached(1, 50)
    outgoing.put_event(50, flushed)
    outgoing.put_audio(samples(70))
    outgoing.put_event(120, None)
    outgoing.put_audio(samples(10))
    assert lengths(outgoing, PLENTY, may_hold=True) == [50, flushed, 70]


def test_a_mark_comes_before_the_piece_that_holds_its_sample_and_cuts_nothing() -> None:
    outgoing = filled(60)
    early, late = MarkReached(0, 0, 5, MarkUnit.WORD), MarkReached(60, 6, 9, MarkUnit.WORD)
    outgoing.put_event(0, early)
    outgoing.put_event(60, late)
    outgoing.put_audio(samples(140))
    assert lengths(outgoing, PLENTY, may_hold=True) == [early, late, FULL]


def test_a_mark_costs_no_credit_and_its_audio_does() -> None:
    outgoing = filled(10)
    mark = MarkReached(0, 0, 5, MarkUnit.SEGMENT)
    outgoing.put_event(0, mark)
    assert lengths(outgoing, 0, may_hold=False) == [mark]


def test_the_end_comes_after_the_last_sample() -> None:
    outgoing = filled(10)
    done = StreamDone(10, FinishReason.END)
    outgoing.put_event(10, done)
    assert lengths(outgoing, 4, may_hold=False) == [4]
    assert lengths(outgoing, 10, may_hold=False) == [6, done]


def test_a_failure_waits_for_nothing() -> None:
    outgoing = filled(500)
    failure = StreamDone(0, FinishReason.END)
    outgoing.fail(failure)
    assert lengths(outgoing, 0, may_hold=True) == [failure]
