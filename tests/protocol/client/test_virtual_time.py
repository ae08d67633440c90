"""What takes the client seconds, on a clock that jumps: no socket, the connection alone."""

from itertools import pairwise

import anyio
import pytest

from protocol import Audio, Cancel, Credit, Open, Opened, Ping, Pong
from protocol.client import ConnectionLost
from protocol.client.connection import SILENCE_S
from protocol.client.stream import LEAVE_TIMEOUT_S
from tests.protocol.client.wire import RATE_HZ, connected, pass_time

pytestmark = pytest.mark.anyio

CHUNK = RATE_HZ // 10


async def test_a_silent_server_is_asked_once_and_then_given_up() -> None:
    async with connected() as (wire, connection):
        began_s = anyio.current_time()
        with pytest.raises(ConnectionLost, match="silent"):
            async with connection.stream() as stream:
                await anext(stream)
        assert anyio.current_time() - began_s == pytest.approx(2 * SILENCE_S)
        assert wire.heard(Ping) == [pytest.approx(began_s + SILENCE_S)]


async def test_an_answer_to_the_question_keeps_the_connection() -> None:
    async with connected() as (wire, connection):
        await pass_time(1.5 * SILENCE_S)
        wire.say(Pong(None))
        await pass_time(SILENCE_S / 2)
        await connection.send(Ping(1))
        assert len(wire.heard(Ping)) == 2


async def test_a_cancel_that_nobody_answers_holds_up_nobody() -> None:
    async with connected() as (wire, connection):
        async with connection.stream():
            began_s = anyio.current_time()
        assert anyio.current_time() - began_s == pytest.approx(LEAVE_TIMEOUT_S)
        assert len(wire.heard(Cancel)) == 1


async def test_a_minute_of_speech_is_granted_second_by_second() -> None:
    async with connected() as (wire, connection), connection.stream() as stream:
        wire.say(Opened(1, RATE_HZ))
        opening = wire.sent[0][1]
        assert isinstance(opening, Open)
        assert opening.credit == 2 * RATE_HZ
        began_s, sent = anyio.current_time(), 0
        while sent < 60 * RATE_HZ:
            window = wire.core.credit(1)
            assert window is not None
            while window.available:
                count = min(CHUNK, window.available)
                wire.say(Audio(1, sent, bytes(2 * count)))
                sent += count
                assert isinstance(await anext(stream), Audio)
            await pass_time(0.01)
        grants_s = wire.heard(Credit)
        pauses_s = [b - a for a, b in pairwise(grants_s)]
        assert pauses_s
        assert min(pauses_s) >= 0.99
        assert max(pauses_s) <= 1.01
        # A listener at the pace of the audio is never more than the window behind.
        assert anyio.current_time() - began_s == pytest.approx(58, abs=1.1)
