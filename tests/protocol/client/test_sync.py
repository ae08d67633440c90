import gc
import threading
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from anyio.from_thread import start_blocking_portal

from protocol import Audio, Cancel, End, Mark
from protocol.client import ConnectFailed, ConnectionLost, SyncConnection, connect_sync
from tests.protocol.client.peers import CHAR_SAMPLES, Peer, Server, pcm_of, serving, speak


@pytest.fixture
def server() -> Iterator[Server]:
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(serving(speak)) as running,
    ):
        yield running


def test_a_thread_gets_the_same_audio_and_marks(server: Server) -> None:
    with connect_sync(server.url) as connection:
        events = list(connection.speak("a", voice="default"))
    assert events == [Mark(1, 0, 0, 1, "word"), Audio(1, 0, pcm_of("a") * CHAR_SAMPLES)]


def test_several_texts_are_spoken_on_one_connection(server: Server) -> None:
    with connect_sync(server.url) as connection:
        lengths = [
            sum(len(e.pcm) for e in connection.speak(text) if isinstance(e, Audio))
            for text in ("a", "bc")
        ]
    assert lengths == [2 * CHAR_SAMPLES, 4 * CHAR_SAMPLES]


def test_closing_the_iterator_cancels(server: Server) -> None:
    with connect_sync(server.url) as connection:
        speech = connection.speak("a" * 1000)
        next(speech)
        speech.close()
    assert len(server.received(Cancel)) == 1


def test_nobody_there_is_raised_in_the_callers_thread() -> None:
    with pytest.raises(ConnectFailed), connect_sync("ws://127.0.0.1:1/ws/tts"):
        pass


def test_an_iterator_still_held_does_not_hold_up_who_leaves(server: Server) -> None:
    with connect_sync(server.url) as connection:
        speech = connection.speak("a" * 1000)
        next(speech)
    assert len(server.received(Cancel)) == 1
    with pytest.raises(ConnectionLost, match="owner"):
        next(speech)
    with pytest.raises(ConnectionLost, match="owner"):
        next(connection.speak("b"))


@pytest.mark.parametrize("mine", [KeyError, SystemExit, KeyboardInterrupt])
def test_what_the_body_raises_arrives_as_it_was_and_cancels(
    server: Server, mine: type[BaseException]
) -> None:
    def fail() -> None:
        with connect_sync(server.url) as connection:
            speeches.append(connection.speak("a" * 1000))
            next(speeches[0])
            raise mine("mine")

    speeches: list[Generator[Audio | Mark, None, None]] = []
    with pytest.raises(mine, match="mine"):
        fail()
    assert len(server.received(Cancel)) == 1
    speeches[0].close()


def test_a_thread_that_waits_for_audio_hears_that_the_connection_was_left(server: Server) -> None:
    with ThreadPoolExecutor(1) as threads:
        with connect_sync(server.url) as connection:
            opened = threading.Event()

            def listen() -> int:
                speech = connection.speak("a" * 1000)
                next(speech)
                opened.set()
                return sum(1 for _ in speech)

            listening = threads.submit(listen)
            opened.wait()
        with pytest.raises(ConnectionLost, match="owner"):
            listening.result()
    assert len(server.received(Cancel)) == 1


def test_a_cancel_that_nobody_answers_loses_the_speech_too(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = threading.Event()

    async def ignore(peer: Peer) -> None:
        await peer.greet()
        async for message in peer:
            if isinstance(message, End):
                asked.set()

    monkeypatch.setattr("protocol.client.stream.LEAVE_TIMEOUT_S", 0.1)
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(serving(ignore)) as server,
        ThreadPoolExecutor(1) as threads,
    ):
        with connect_sync(server.url) as connection:
            listening = threads.submit(list, connection.speak("a"))
            asked.wait()
        with pytest.raises(ConnectionLost, match="owner"):
            listening.result()


@pytest.fixture
def no_collection() -> Iterator[None]:
    """Leave it to the test where garbage is collected."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_collection")
def test_an_iterator_collected_in_the_loops_own_thread_is_cancelled(server: Server) -> None:
    def abandon(connection: SyncConnection) -> None:
        cycle: list[object] = [connection.speak("a" * 1000)]
        cycle.append(cycle)
        assert isinstance(cycle[0], Generator)
        next(cycle[0])

    with connect_sync(server.url) as connection:
        abandon(connection)
        connection._portal.call(gc.collect)
        while not server.received(Cancel):
            assert list(connection.speak("b"))
    assert server.received(Cancel) == [Cancel(1, 0)]
