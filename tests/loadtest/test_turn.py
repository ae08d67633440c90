"""What a turn measures, told message by message."""

import asyncio
import math
import time

import pytest
from websockets.http11 import Request
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

from engine.text.segment import SegmentRules
from loadtest.connection import LoadConnection
from loadtest.counters import Counters, Measurements
from loadtest.script import Script, live, whole
from loadtest.turn import FIRST_AUDIO_TIMEOUT_S, Turn, TurnEnd
from protocol import messages as m
from protocol.codes import ErrorCode

pytestmark = pytest.mark.anyio

RATE_HZ = 1_000
TEXT = "One two three four. Five six seven eight."
SECOND = TEXT.index("Five")
#: The second sentence is complete 0.7 s after the beginning.
LIVE = live(TEXT, 10.0, SegmentRules())


@pytest.fixture
def anyio_backend() -> str:
    """The generator runs on asyncio alone."""
    return "asyncio"


class Silent(asyncio.Transport):
    """Leads to a server that accepts the connection and then says nothing."""

    def __init__(self, connection: LoadConnection) -> None:
        super().__init__()
        self._connection = connection
        self._server = ServerProtocol(subprotocols=[Subprotocol(m.SUBPROTOCOL)])

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._server.receive_data(bytes(data))
        for event in self._server.events_received():
            if isinstance(event, Request):
                self._server.send_response(self._server.accept(event))
        for answer in self._server.data_to_send():
            self._connection.data_received(answer)


class Spoken:
    """A turn that has begun, and the messages it is told."""

    def __init__(self, script: Script, late_s: float = 0.0) -> None:
        connection = LoadConnection("ws://localhost/ws/tts", Counters())
        connection.connection_made(Silent(connection))
        self.measured = Measurements()
        self.ends: list[TurnEnd] = []
        self.ended = asyncio.Event()
        self.turn = Turn(connection, script, self.measured, self._end)
        self.intended_s = time.monotonic() - late_s
        self.turn.begin(self.intended_s)
        self.tell(m.Opened(1, RATE_HZ), 0.0)

    def _end(self, end: TurnEnd) -> None:
        self.ends.append(end)
        self.ended.set()

    def tell(self, message: m.ServerMessage, after_s: float) -> None:
        self.turn.take(message, self.intended_s + after_s)

    def hear(self, at: int, num_samples: int, after_s: float) -> None:
        self.tell(m.Audio(1, at, bytes(2 * num_samples)), after_s)


async def test_latency_counts_from_the_time_a_turn_was_meant_for() -> None:
    spoken = Spoken(whole(TEXT), late_s=0.5)
    spoken.hear(0, 100, 0.75)
    assert spoken.measured.first_audio.seconds == pytest.approx([0.75])


async def test_latency_of_live_text_counts_from_its_first_complete_segment() -> None:
    spoken = Spoken(LIVE)
    spoken.hear(0, 100, 0.32)
    assert spoken.measured.first_audio.seconds == pytest.approx([0.02])


async def test_a_silence_while_all_text_was_there_is_an_underrun() -> None:
    spoken = Spoken(whole(TEXT))
    spoken.hear(0, 100, 0.1)
    spoken.hear(100, 100, 0.3)
    assert spoken.measured.underruns == {0.0: 1, 0.060: 1}
    assert not spoken.measured.text_stalls


async def test_sixty_milliseconds_held_back_hide_a_delay_of_fifty() -> None:
    spoken = Spoken(whole(TEXT))
    spoken.hear(0, 40, 0.10)
    spoken.hear(40, 40, 0.14)
    spoken.hear(80, 40, 0.22)
    assert spoken.measured.underruns == {0.0: 1}


async def test_a_silence_before_a_segment_that_was_not_complete_is_for_want_of_text() -> None:
    spoken = Spoken(LIVE)
    spoken.hear(0, 200, 0.31)
    spoken.tell(m.Mark(1, 200, SECOND, len(TEXT), "segment"), 0.72)
    spoken.hear(200, 200, 0.72)
    assert spoken.measured.text_stalls[0.0] == 1
    assert not spoken.measured.underruns


async def test_a_silence_before_a_segment_that_was_complete_is_an_underrun() -> None:
    spoken = Spoken(LIVE)
    spoken.hear(0, 500, 0.31)  # lasts until 0.81 s; the second sentence was complete at 0.7 s
    spoken.tell(m.Mark(1, 500, SECOND, len(TEXT), "segment"), 0.9)
    spoken.hear(500, 200, 0.9)
    assert spoken.measured.underruns[0.0] == 1
    assert not spoken.measured.text_stalls


async def test_a_silence_within_a_segment_is_an_underrun_however_live_the_text() -> None:
    spoken = Spoken(LIVE)
    spoken.hear(0, 100, 0.31)
    spoken.hear(100, 100, 0.6)
    assert spoken.measured.underruns[0.0] == 1


async def test_a_refusal_is_a_failure_of_first_audio_with_its_advice() -> None:
    spoken = Spoken(whole(TEXT))
    spoken.tell(m.Error(ErrorCode.OVERLOADED, "full", True, stream=1, retry_after_s=2.5), 0.01)
    assert spoken.measured.refusals == {"overloaded": 1}
    assert spoken.measured.first_audio.num_failed == 1
    assert spoken.measured.retry_after.seconds == [2.5]
    assert (spoken.ends[0].refused, spoken.ends[0].retry_after_s) == (True, 2.5)


async def test_an_error_amid_speech_is_a_failure_and_no_refusal() -> None:
    spoken = Spoken(whole(TEXT))
    spoken.hear(0, 100, 0.1)
    spoken.tell(m.Error(ErrorCode.OVERLOADED, "out of memory", True, stream=1), 0.2)
    assert spoken.measured.failures == {"overloaded": 1}
    assert not spoken.measured.refusals
    assert spoken.measured.first_audio.num_failed == 0


async def test_what_never_speaks_has_failed_in_time() -> None:
    spoken = Spoken(whole(TEXT), late_s=FIRST_AUDIO_TIMEOUT_S)
    await spoken.ended.wait()
    assert spoken.measured.failures == {"timed out": 1}
    assert spoken.measured.first_audio.num_failed == 1


async def test_the_next_turn_waits_until_this_one_was_heard() -> None:
    spoken = Spoken(whole(TEXT))
    spoken.hear(0, 5_000, 0.1)
    spoken.tell(m.Done(1, 5_000, "end"), 0.2)
    assert spoken.measured.turns_done == 1
    assert spoken.ends[0].heard_s == pytest.approx(spoken.intended_s + 5.1)


async def test_a_turn_that_was_given_up_counts_no_more() -> None:
    spoken = Spoken(whole(TEXT))
    spoken.turn.give_up()
    spoken.tell(m.Cancelled(1, 0), 0.1)
    spoken.turn.lose("the connection is gone")
    assert len(spoken.ends) == 1
    assert spoken.measured.failures == {"timed out": 1}
    assert math.isnan(spoken.measured.cancelled.quantile(1.0))


async def test_a_turn_that_is_interrupted_ends_when_the_server_says_so_and_is_counted_nowhere() -> (
    None
):
    spoken = Spoken(whole(TEXT))
    spoken.hear(0, 100, 0.0)
    spoken.turn.interrupt()
    spoken.turn.interrupt()
    assert not spoken.ends
    spoken.tell(m.Cancelled(1, 100), 0.2)
    assert len(spoken.ends) == 1
    assert not spoken.measured.cancelled.seconds
    assert not spoken.measured.failures


async def test_a_turn_that_is_interrupted_before_its_first_audio_has_failed() -> None:
    spoken = Spoken(whole(TEXT))
    spoken.turn.interrupt()
    assert spoken.measured.first_audio.num_failed == 1
