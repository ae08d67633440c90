from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager

import anyio
import pytest

from protocol import (
    Audio,
    Blocked,
    Bye,
    Cancel,
    Cancelled,
    Credit,
    Done,
    End,
    Error,
    ErrorCode,
    Flushed,
    LocalProtocolError,
    Mark,
    Open,
    Opened,
)
from protocol.client import (
    ConnectFailed,
    ConnectionLost,
    Event,
    Stream,
    StreamError,
    connect,
)
from tests.protocol.client.peers import CHAR_SAMPLES, RATE_HZ, Peer, pcm_of, serving, speak

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    # The server's library knows no other loop.
    return "asyncio"


async def test_text_comes_back_as_audio_and_marks_in_order() -> None:
    async with serving(speak) as server, connect(server.url) as connection:
        assert connection.ready.model == "tone"
        async with connection.stream(voice="default", speed=1.5) as stream:
            await stream.send_text("ab")
            await stream.end()
            events = [event async for event in stream]
        assert stream.opened == Opened(1, RATE_HZ)
        assert stream.done == Done(1, 2 * CHAR_SAMPLES, "end")
        assert events == [
            Mark(1, 0, 0, 1, "word"),
            Audio(1, 0, pcm_of("a") * CHAR_SAMPLES),
            Mark(1, CHAR_SAMPLES, 1, 2, "word"),
            Audio(1, CHAR_SAMPLES, pcm_of("b") * CHAR_SAMPLES),
        ]
        opening = server.received(Open)[0]
        assert opening == Open(1, voice="default", speed=1.5, credit=2 * RATE_HZ)


async def test_a_flush_is_answered_under_its_own_id() -> None:
    async with (
        serving(speak) as server,
        connect(server.url) as connection,
        connection.stream() as stream,
    ):
        await stream.send_text("a")
        await stream.flush("clause")
        answers = [e async for e in _until(stream, Flushed)]
        assert answers[-1] == Flushed(1, "clause", CHAR_SAMPLES)


async def test_many_streams_share_a_connection_and_keep_apart() -> None:
    said: dict[str, bytes] = {}
    async with (
        serving(speak) as server,
        connect(server.url) as connection,
        anyio.create_task_group() as tasks,
    ):

        async def say(text: str) -> None:
            async with connection.stream() as stream:
                await stream.send_text(text)
                await stream.end()
                said[text] = b"".join([e.pcm async for e in stream if isinstance(e, Audio)])

        for text in "abcdefgh":
            tasks.start_soon(say, text)
    assert said == {text: pcm_of(text) * CHAR_SAMPLES for text in "abcdefgh"}


async def test_credit_follows_the_clock_of_a_listener() -> None:
    window = RATE_HZ // 10
    async with (
        serving(speak) as server,
        connect(server.url) as connection,
        connection.stream(window_s=0.1) as stream,
    ):
        began_s = anyio.current_time()
        await stream.send_text("abcdef")
        await stream.end()
        events = [event async for event in stream]
        took_s = anyio.current_time() - began_s
    assert any(isinstance(event, Blocked) for event in events)
    # The last window may be ahead of the listener, all before it was paced.
    assert took_s >= 6 * CHAR_SAMPLES / RATE_HZ - 0.1 - 0.01
    grants = [m for m in server.received(Credit) if isinstance(m, Credit)]
    assert grants
    assert all(c.played is not None and c.upto == c.played + window for c in grants)


async def test_credit_follows_what_the_caller_reports() -> None:
    async with (
        serving(speak) as server,
        connect(server.url) as connection,
        connection.stream(window_s=0.1) as stream,
    ):
        await stream.send_text("abcdef" * 10)
        await stream.end()
        async for event in stream:
            if isinstance(event, Audio):
                stream.report_played(event.at + len(event.pcm) // 2)
        assert stream.done == Done(1, 60 * CHAR_SAMPLES, "end")


async def test_a_note_is_not_paced() -> None:
    async with (
        serving(speak) as server,
        connect(server.url) as connection,
        connection.stream(service_class="note") as stream,
    ):
        await stream.send_text("a" * 1000)
        await stream.end()
        num_bytes = sum([len(e.pcm) async for e in stream if isinstance(e, Audio)])
    assert num_bytes == 2 * 1000 * CHAR_SAMPLES


async def test_who_takes_nothing_is_sent_no_more_than_the_window() -> None:
    async with (
        serving(speak) as server,
        connect(server.url) as connection,
        connection.stream(window_s=0.1) as stream,
    ):
        await stream.send_text("abcdef")
        await stream.wait_opened()
        cancelled = await stream.cancel()
    assert cancelled.samples <= RATE_HZ // 10
    assert server.received(Credit) == []


async def test_cancel_is_answered_and_nothing_follows() -> None:
    async with (
        serving(speak) as server,
        connect(server.url) as connection,
        connection.stream() as stream,
    ):
        await stream.send_text("abc")
        await anext(stream)
        cancelled = await stream.cancel(played=CHAR_SAMPLES)
        assert cancelled == Cancelled(1, 3 * CHAR_SAMPLES, heard=1)
        assert [event async for event in stream] == []


async def test_a_complete_stream_still_knows_what_its_listener_has_heard() -> None:
    async with (
        serving(speak) as server,
        connect(server.url) as connection,
        connection.stream() as stream,
    ):
        await stream.send_text("abc")
        await stream.end()
        _ = [event async for event in stream]
        cancelled = await stream.cancel(played=2 * CHAR_SAMPLES)
    assert cancelled == Cancelled(1, 3 * CHAR_SAMPLES, heard=2)
    assert server.received(Cancel) == []


async def test_leaving_early_cancels_on_the_server() -> None:
    async with serving(speak) as server, connect(server.url) as connection:
        async with connection.stream() as stream:
            await stream.send_text("abc")
            await anext(stream)
        assert server.received(Cancel) == [Cancel(1, 0)]
        async with connection.stream() as stream:
            await stream.end()
            assert [event async for event in stream] == []


async def test_leaving_a_connection_says_goodbye() -> None:
    left = anyio.Event()

    async def hear_out(peer: Peer) -> None:
        await peer.greet()
        async for _ in peer:
            pass
        left.set()

    async with serving(hear_out) as server:
        async with connect(server.url):
            pass
        await left.wait()
    assert server.peers[0].received == [Bye()]


async def test_a_cancelled_task_cancels_its_stream() -> None:
    async with serving(speak) as server, connect(server.url) as connection:
        with anyio.CancelScope() as scope:
            async with connection.stream() as stream:
                await stream.send_text("abc")
                async for _ in stream:
                    scope.cancel()
        assert len(server.received(Cancel)) == 1


async def test_an_error_ends_its_stream_and_no_other() -> None:
    async def refuse_the_first(peer: Peer) -> None:
        await peer.greet()
        async for message in peer:
            if message == End(1):
                error = Error(ErrorCode.OVERLOADED, "full", True, stream=1, retry_after_s=1.5)
                await peer.send(error)
            elif message == End(2):
                await peer.send(Opened(2, RATE_HZ))
                await peer.send(Done(2, 0, "end"))

    async with serving(refuse_the_first) as server, connect(server.url) as connection:
        with pytest.raises(StreamError, match="full") as caught:
            await _run_dry(connection.stream())
        assert caught.value.code is ErrorCode.OVERLOADED
        assert caught.value.retryable
        assert caught.value.retry_after_s == 1.5
        await _run_dry(connection.stream())


async def test_a_lost_connection_ends_every_stream() -> None:
    async def vanish(peer: Peer) -> None:
        await peer.greet()
        async for message in peer:
            if message == End(2):
                peer.socket.transport.abort()

    async with serving(vanish) as server, connect(server.url) as connection:
        async with connection.stream() as first, connection.stream() as second:
            await first.end()
            await second.end()
            for stream in (first, second):
                with pytest.raises(ConnectionLost):
                    await anext(stream)
                with pytest.raises(ConnectionLost):
                    await stream.send_text("still there?")
        with pytest.raises(ConnectionLost):
            await _run_dry(connection.stream())


async def test_an_error_of_the_connection_says_its_code() -> None:
    async def fail(peer: Peer) -> None:
        await peer.greet()
        async for message in peer:
            if isinstance(message, End):
                await peer.send(Error(ErrorCode.ENGINE_FAILED, "gone", retryable=True))

    async with serving(fail) as server, connect(server.url) as connection:
        with pytest.raises(ConnectionLost, match="gone") as caught:
            await _run_dry(connection.stream())
        assert caught.value.code is ErrorCode.ENGINE_FAILED


@pytest.mark.parametrize("frame", [b"\xc1", "text"], ids=["malformed", "text"])
async def test_a_server_that_breaks_the_protocol_is_left(frame: bytes | str) -> None:
    codes: list[int | None] = []

    async def talk_nonsense(peer: Peer) -> None:
        await peer.greet()
        await peer.socket.send(frame)
        await peer.socket.wait_closed()
        codes.append(peer.socket.close_code)

    async with serving(talk_nonsense) as server, connect(server.url) as connection:
        with pytest.raises(ConnectionLost):
            async with connection.stream() as stream:
                await anext(stream)
    assert codes == [1007 if isinstance(frame, bytes) else 1003]


async def test_the_largest_message_passes() -> None:
    reference_text = "x" * 900_000

    async def send_much(peer: Peer) -> None:
        await peer.greet()
        async for message in peer:
            if isinstance(message, End):
                await peer.send(Error(ErrorCode.INTERNAL, reference_text, True, stream=1))

    async with serving(send_much) as server, connect(server.url) as connection:
        with pytest.raises(StreamError) as caught:
            await _run_dry(connection.stream())
    assert caught.value.message == reference_text


async def test_200_ms_at_48_khz_come_in_one_message() -> None:
    pcm = bytes(range(256)) * 75

    async def send_long(peer: Peer) -> None:
        await peer.greet()
        async for message in peer:
            if isinstance(message, End):
                await peer.send(Opened(1, 48_000))
                await peer.send(Audio(1, 0, pcm))
                await peer.send(Done(1, 9600, "end"))

    async with (
        serving(send_long) as server,
        connect(server.url) as connection,
        connection.stream(sample_rate=48_000) as stream,
    ):
        await stream.end()
        assert [event async for event in stream] == [Audio(1, 0, pcm)]


async def test_what_the_protocol_forbids_is_not_sent() -> None:
    async with (
        serving(speak) as server,
        connect(server.url) as connection,
        connection.stream() as stream,
    ):
        await stream.end()
        with pytest.raises(LocalProtocolError):
            await stream.send_text("too late")


async def test_an_error_of_the_body_arrives_as_it_was_raised() -> None:
    async def fail(url: str) -> None:
        async with connect(url) as connection, connection.stream():
            raise KeyError("mine")

    async with serving(speak) as server:
        with pytest.raises(KeyError, match="mine"):
            await fail(server.url)


async def test_nobody_there_is_a_failed_connect() -> None:
    async with serving(speak) as server:
        pass
    with pytest.raises(ConnectFailed):
        async with connect(server.url):
            pass


async def test_a_refused_upgrade_says_its_status() -> None:
    async with serving(speak, subprotocol="other") as server:
        with pytest.raises(ConnectFailed) as caught:
            async with connect(server.url):
                pass
    assert caught.value.status_code == 400


async def _run_dry(opening: AbstractAsyncContextManager[Stream]) -> None:
    async with opening as stream:
        await stream.end()
        async for _ in stream:
            pass


async def _until(stream: Stream, kind: type[Event]) -> AsyncIterator[Event]:
    async for event in stream:
        yield event
        if isinstance(event, kind):
            return
