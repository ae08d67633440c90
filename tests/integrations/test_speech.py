"""A text in its streams: sent once, spoken to its end, and heard as far as it was played."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import pytest

from protocol import (
    Audio,
    Cancel,
    Cancelled,
    Done,
    End,
    Error,
    ErrorCode,
    Flush,
    Limits,
    Mark,
    Open,
    Opened,
    ServerMessage,
    Text,
)
from protocol.client import StreamError
from protocol.integrations.link import STEADY_S
from protocol.integrations.speech import Speech
from tests.integrations.wires import Exchange, linked
from tests.protocol.client.wire import RATE_HZ, Wire, pass_time

pytestmark = pytest.mark.anyio

TEXT = "One two three."
WORD = RATE_HZ // 5


class Listener:
    """What one speech gave."""

    def __init__(self, speech: Speech) -> None:
        self.speech = speech
        self.audio: list[Audio] = []
        self.marks: list[Mark] = []

    async def take(self, event: Audio | Mark) -> None:
        if isinstance(event, Audio):
            self.audio.append(event)
        else:
            self.marks.append(event)


def written(wire: Wire) -> str:
    return "".join(message.text for _, message in wire.sent if isinstance(message, Text))


def spoken(stream: int, *words: tuple[int, int], cut: bool = False) -> list[ServerMessage]:
    """Return marks and audio of words, by their characters; `cut`: of half of the last."""
    messages: list[ServerMessage] = [Opened(stream, RATE_HZ)]
    for number, (start, end) in enumerate(words):
        at = number * WORD
        length = WORD // 2 if cut and number == len(words) - 1 else WORD
        messages += [Mark(stream, at, start, end, "word"), Audio(stream, at, bytes(2 * length))]
    return messages


@asynccontextmanager
async def speaking(exchange: Exchange) -> AsyncIterator[Listener]:
    speech = Speech(exchange.link, {}, window_s=2.0)
    listener = Listener(speech)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(speech.run, listener.take)
        await exchange.link.connection()
        yield listener
        tasks.cancel_scope.cancel()


async def test_text_is_sent_verbatim_and_once_however_it_is_written() -> None:
    async with linked() as exchange, speaking(exchange) as listener:
        for piece in ("O", "ne two", " ", "three."):
            listener.speech.say(piece)
            await pass_time()
        listener.speech.end()
        await pass_time()
        (wire,) = exchange.wires
        assert written(wire) == TEXT
        assert len(wire.heard(Open)) == len(wire.heard(End)) == 1
        wire.say(*spoken(1, (0, 3), (4, 7), (8, 13)), Done(1, 3 * WORD, "end"))
        await pass_time()
        assert listener.speech.is_over
        assert listener.speech.heard(3 * WORD) == len(TEXT)


async def test_a_sentence_that_is_flushed_is_flushed_once_and_after_its_text() -> None:
    async with linked() as exchange, speaking(exchange) as listener:
        listener.speech.say(TEXT, flush=True)
        await pass_time()
        (wire,) = exchange.wires
        kinds = [type(message) for _, message in wire.sent]
        assert kinds == [Open, Text, Flush]


async def test_after_a_loss_the_next_stream_speaks_from_the_word_that_was_cut() -> None:
    async with linked() as exchange, speaking(exchange) as listener:
        listener.speech.say(TEXT)
        listener.speech.end()
        await pass_time(STEADY_S)
        lost, cut = exchange.wires[0], 3 * WORD // 2
        lost.say(*spoken(1, (0, 3), (4, 7), cut=True))
        await pass_time()
        lost.say(Error(ErrorCode.INTERNAL, "gone", retryable=True))
        await pass_time()
        wire = exchange.wires[1]
        assert written(wire) == " two three."
        wire.say(*spoken(1, (1, 4), (5, 10)), Done(1, 2 * WORD, "end"))
        await pass_time()
        assert [m.start for m in listener.marks] == [0, 4, 4, 8]
        assert [a.at for a in listener.audio] == [0, WORD, cut, cut + WORD]
        assert listener.speech.samples == cut + 2 * WORD
        assert listener.speech.is_over


@pytest.mark.parametrize("piece", [7, 30_000])
async def test_a_text_longer_than_a_stream_may_be_goes_on_in_the_next_from_a_sentence_on(
    piece: int,
) -> None:
    text = "So long a text is rare. " * 1_250
    async with linked() as exchange, speaking(exchange) as listener:
        for begin in range(0, len(text), piece):
            listener.speech.say(text[begin : begin + piece])
        listener.speech.end()
        await pass_time()
        (wire,) = exchange.wires
        first = len(written(wire))
        assert 0 < first <= Limits().max_text_chars
        assert written(wire) == text[:first]
        assert text[:first].endswith("rare. ")
        wire.say(*spoken(1, (0, 2), (3, 7)), Done(1, 2 * WORD, "end"))
        await pass_time()
        assert listener.speech.heard(2 * WORD) < first
        wire.say(*spoken(2, (0, 2), (3, 7)), Done(2, 2 * WORD, "end"))
        await pass_time()
        wire.say(*spoken(3, (0, 2)), Done(3, WORD, "end"))
        await pass_time()
        assert written(wire) == text
        assert len(wire.heard(Open)) == len(wire.heard(End)) == 3
        assert [mark.start for mark in listener.marks[:4]] == [0, 3, first, first + 3]
        assert [audio.at for audio in listener.audio] == [n * WORD for n in range(5)]
        assert listener.speech.is_over
        assert listener.speech.heard(5 * WORD) == len(text)


async def test_a_text_without_a_sound_is_not_heard() -> None:
    async with linked() as exchange, speaking(exchange) as listener:
        listener.speech.say("...")
        listener.speech.end()
        await pass_time()
        exchange.wires[0].say(Opened(1, RATE_HZ), Done(1, 0, "end"))
        await pass_time()
        assert listener.speech.is_over
        assert listener.speech.heard(0) == 0


async def test_a_cancel_says_what_was_played_and_returns_what_was_heard() -> None:
    async with linked() as exchange, speaking(exchange) as listener:
        listener.speech.say(TEXT)
        await pass_time()
        (wire,) = exchange.wires
        wire.say(*spoken(1, (0, 3), (4, 7)))
        await pass_time()
        heard: list[int] = []

        async def cancel() -> None:
            heard.append(await listener.speech.cancel(WORD + 1))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(cancel)
            await pass_time()
            wire.say(Cancelled(1, 2 * WORD, 3))
        await pass_time()
        assert heard == [len("One")]
        assert [m for _, m in wire.sent if isinstance(m, Cancel)] == [Cancel(1, WORD + 1)]
        assert len(listener.audio) == 2
        assert listener.speech.is_over


async def test_a_cancel_while_there_is_no_connection_ends_the_speech() -> None:
    exchange = Exchange()
    speech = Speech(exchange.link, {}, window_s=2.0)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(speech.run, Listener(speech).take)
        await pass_time()
        assert await speech.cancel(0) == 0
    assert speech.is_over


async def test_an_error_of_the_stream_is_raised_and_nothing_beyond_the_marks_was_heard() -> None:
    async with linked() as exchange:
        await exchange.link.connection()
        (wire,) = exchange.wires
        speech = Speech(exchange.link, {}, window_s=2.0)
        listener = Listener(speech)
        speech.say(TEXT)
        async with anyio.create_task_group() as tasks:
            refused = Error(ErrorCode.TIME_LIMIT, "too old", retryable=False, stream=1)

            async def fail() -> None:
                await pass_time()
                wire.say(*spoken(1, (0, 3), (4, 7)), refused)

            tasks.start_soon(fail)
            with pytest.raises(StreamError, match="too old"):
                await speech.run(listener.take)
        assert speech.heard(speech.samples) == len("One")


async def test_a_report_of_what_was_played_grants_a_window_beyond_it() -> None:
    async with linked() as exchange, speaking(exchange) as listener:
        listener.speech.say(TEXT)
        await pass_time()
        (wire,) = exchange.wires
        wire.say(Opened(1, RATE_HZ), *(Audio(1, n * WORD, bytes(2 * WORD)) for n in range(8)))
        await pass_time()
        window = wire.core.credit(1)
        assert window is not None
        listener.speech.report_played(0)
        await pass_time(4.0)
        assert window.granted == 2 * RATE_HZ
        listener.speech.report_played(5 * WORD)
        await pass_time()
        assert window.granted == 2 * RATE_HZ + 5 * WORD
