"""`Stream.take`: whatever comes and is granted, the audio is whole, in order, within credit."""

import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.commands import Command, Grant, Open
from engine.outputs import Blocked, Chunk, Finished
from engine.request import ServiceClass
from engine.runners.tone import SAMPLE_RATE_HZ, ToneRunner
from engine.steps import FinishReason
from protocol.messages import Limits
from server.admission import Admission
from server.engine_client import EngineClient
from server.parameters import Parameters, check
from server.run_ahead import RUN_AHEAD_S
from server.service import Service
from server.stream import CREDIT_FLOWS_S, HOLD_LEAD_S, Stream
from server.stream_events import AudioPiece, CreditUsedUp, StreamDone, StreamEvent

MAX_PIECE = 4_800


def open_stream(
    credit: int,
    commands: list[Command] | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> tuple[EngineClient, Stream]:
    info = ToneRunner().info
    commands = [] if commands is None else commands
    client = EngineClient(info, commands.append, Admission(1, 1))
    speech = check(Parameters(), info, Limits(), ServiceClass.CALL)
    service = Service(client, clock=clock)
    return client, Stream(service, speech, credit, "request", lambda: None)


def taking(stream: Stream) -> Iterator[StreamEvent]:
    """Begin to take; without stretching, converting never waits."""
    with pytest.raises(StopIteration):
        stream.convert().send(None)
    return stream.take()


def taken_from(stream: Stream) -> list[StreamEvent]:
    """Take all there is."""
    return list(taking(stream))


@given(
    chunks=st.lists(st.integers(0, 12_000), min_size=1, max_size=8),
    credit=st.integers(0, 20_000),
    grants=st.lists(st.integers(0, 60_000), max_size=8),
)
def test_pieces_are_whole_contiguous_and_within_credit(
    chunks: list[int], credit: int, grants: list[int]
) -> None:
    client, stream = open_stream(credit)
    total = sum(chunks)
    source = np.arange(total).astype(np.int16)
    at = 0
    for length in chunks:
        client.deliver([Chunk(1, at, source[at : at + length])])
        at += length
    client.deliver([Finished(1, total, FinishReason.END)])
    taken: list[AudioPiece] = []
    upto = credit
    for grant in [0, *grants, total]:
        stream.grant(grant)
        upto = max(upto, grant)
        events = taken_from(stream)
        pieces = [event for event in events if isinstance(event, AudioPiece)]
        assert all(0 < len(piece.pcm) <= MAX_PIECE for piece in pieces)
        assert sum(isinstance(event, CreditUsedUp) for event in events) <= 1
        taken += pieces
        assert stream.sent == min(upto, total)
        if any(isinstance(event, StreamDone) for event in events):
            assert events[-1] == StreamDone(total, FinishReason.END)
            break
    assert [piece.at for piece in taken] == [
        sum(len(piece.pcm) for piece in taken[:index]) for index in range(len(taken))
    ]
    heard = np.concatenate([np.zeros(0, np.int16), *(piece.pcm for piece in taken)])
    assert np.array_equal(heard, source)


def test_a_cancelled_stream_gives_nothing_and_its_place_back() -> None:
    client, stream = open_stream(10_000)
    client.deliver([Chunk(1, 0, np.ones(100, np.int16))])
    stream.cancel("cancelled")
    client.deliver([Chunk(1, 100, np.ones(100, np.int16))])
    assert taken_from(stream) == []
    assert client.admission.reserved(ServiceClass.CALL) == 0


def test_the_engine_runs_no_further_ahead_of_what_has_left_than_its_window() -> None:
    commands: list[Command] = []
    client, stream = open_stream(2**31 - 1, commands)
    window = round(RUN_AHEAD_S * SAMPLE_RATE_HZ)
    (opened,) = commands
    assert isinstance(opened, Open)
    assert opened.credit == window
    half = np.ones(window // 2, np.int16)
    client.deliver([Chunk(1, 0, half), Chunk(1, len(half), half), Blocked(1, window)])
    allowed = opened.credit
    for event in taking(stream):
        assert isinstance(event, AudioPiece)
        allowed = max([allowed, *(c.upto for c in commands if isinstance(c, Grant))])
        assert allowed <= stream.sent + window
    assert stream.sent == window
    assert allowed > window, "or the engine would wait for ever"
    assert len(commands) <= 3, "a command for each message costs too much"


class Listener:
    """Was granted ten full pieces and some samples; there is more than that."""

    def __init__(self, beyond_pieces: int = 100) -> None:
        self.now_s = 0.0
        self.window = 10 * MAX_PIECE + beyond_pieces
        made = self.window + 500
        client, self.stream = open_stream(self.window, clock=lambda: self.now_s)
        client.deliver([Chunk(1, 0, np.ones(made, np.int16)), Blocked(1, made)])

    def hears(self) -> list[int | StreamEvent]:
        events = taken_from(self.stream)
        return [len(e.pcm) if isinstance(e, AudioPiece) else e for e in events]


def test_a_listener_that_says_what_it_played_is_not_stalled_while_it_has_plenty() -> None:
    listener = Listener()
    listener.stream.grant(listener.window, played=0)
    assert listener.hears() == [MAX_PIECE] * 10
    assert listener.stream.is_holding
    listener.now_s = 10 * MAX_PIECE / SAMPLE_RATE_HZ - HOLD_LEAD_S
    assert listener.hears() == [100]
    listener.now_s += 100 / SAMPLE_RATE_HZ
    assert listener.hears() == [CreditUsedUp(listener.window)]
    assert not listener.stream.is_holding


def test_a_stall_at_the_end_of_a_full_piece_is_said_once_little_is_left() -> None:
    listener = Listener(beyond_pieces=0)
    listener.stream.grant(listener.window, played=0)
    assert listener.hears() == [MAX_PIECE] * 10
    assert listener.stream.is_holding
    listener.now_s = 10 * MAX_PIECE / SAMPLE_RATE_HZ - HOLD_LEAD_S
    assert listener.hears() == [CreditUsedUp(listener.window)]


def test_a_listener_whose_credit_has_stopped_is_stalled_whatever_it_says_it_has_left() -> None:
    listener = Listener()
    listener.stream.grant(listener.window, played=0)
    assert listener.hears() == [MAX_PIECE] * 10
    listener.now_s = CREDIT_FLOWS_S
    listener.stream.grant(listener.window, played=0)
    assert listener.hears() == [100, CreditUsedUp(listener.window)]


def test_a_listener_that_says_nothing_gets_the_last_sample_of_its_credit_at_once() -> None:
    listener = Listener()
    assert listener.hears() == [*[MAX_PIECE] * 10, 100, CreditUsedUp(listener.window)]
