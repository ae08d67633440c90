"""`Stream.take`: whatever comes and is granted, the audio is whole, in order, within credit."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.commands import Command
from engine.outputs import Chunk, Finished
from engine.request import ServiceClass
from engine.runners.tone import ToneRunner
from engine.steps import FinishReason
from protocol.messages import Limits
from server.admission import Admission
from server.engine_client import EngineClient
from server.parameters import Parameters, check
from server.service import Service
from server.stream import Stream
from server.stream_events import AudioPiece, CreditUsedUp, StreamDone, StreamEvent

MAX_PIECE = 4_800


def open_stream(credit: int) -> tuple[EngineClient, Stream]:
    info = ToneRunner().info
    commands: list[Command] = []
    client = EngineClient(info, commands.append, Admission(1, 1))
    speech = check(Parameters(), info, Limits(), ServiceClass.CALL)
    service = Service(client)
    return client, Stream(service, speech, credit, "request", lambda: None)


def taken_from(stream: Stream) -> list[StreamEvent]:
    """Take what there is; without stretching, converting never waits."""
    with pytest.raises(StopIteration):
        stream.convert().send(None)
    return list(stream.take())


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
