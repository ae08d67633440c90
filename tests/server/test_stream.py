"""`Stream.take`: whatever comes and is granted, the audio is whole, in order, within credit."""

from collections.abc import Iterator

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
from server.stream import Stream
from server.stream_events import AudioPiece, CreditUsedUp, StreamDone, StreamEvent

MAX_PIECE = 4_800


def open_stream(credit: int, commands: list[Command] | None = None) -> tuple[EngineClient, Stream]:
    info = ToneRunner().info
    commands = [] if commands is None else commands
    client = EngineClient(info, commands.append, Admission(1, 1))
    speech = check(Parameters(), info, Limits(), ServiceClass.CALL)
    service = Service(client)
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
