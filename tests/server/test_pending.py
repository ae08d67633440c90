"""Streams whose voice is still being made: nothing that comes for them is lost."""

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import numpy as np
import pytest
from anyio import to_thread

from engine.request import ServiceClass
from engine.runners.tone import SAMPLE_RATE_HZ
from protocol import messages as m
from protocol.codes import ErrorCode
from protocol.encodings import G711_RATE_HZ
from server.app import create_app
from server.audio.g711 import alaw
from server.service import Service
from server.voices.library import VoiceLibrary
from server.websocket.live_stream import LiveStream
from server.websocket.opening import opening_of
from server.websocket.pending import PendingStream
from tests.helpers.asgi import AsgiCall, AsgiSocket, calling, websocket_scope
from tests.helpers.cloning import (
    BREAKING_TEXT,
    REFERENCE,
    UNUSABLE_TEXT,
    CloningRunner,
    FakeEncoder,
    decode_at_once,
)
from tests.helpers.talking import Client, opening
from tests.helpers.virtual_engine_thread import VirtualEngineThread, running

pytestmark = pytest.mark.anyio


@pytest.fixture
def virtual_time() -> bool:
    return False  # threads encode


class Scene:
    """A server whose encoder waits until it is let go."""

    def __init__(self, max_calls: int = 100) -> None:
        self.let_go = threading.Event()
        self.encoder = FakeEncoder(self.let_go)
        self.runner = CloningRunner(self.encoder)
        self.engine = VirtualEngineThread(self.runner, max_calls=max_calls)
        self.service = Service(self.engine.client, voices=VoiceLibrary(decode=decode_at_once))

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[tuple[AsgiCall, Client]]:
        app = create_app(self.service, is_alive=lambda: True)
        async with (
            running(self.engine),
            calling(app, websocket_scope(m.SUBPROTOCOL)) as call,
        ):
            socket = AsgiSocket(call)
            await socket.handshake()
            client = Client(socket)
            await client.expect(m.Ready)
            try:
                yield call, client
            finally:
                socket.vanish()

    async def begun(self) -> None:
        """Wait until a voice is being made."""
        with anyio.fail_after(20):
            await to_thread.run_sync(self.encoder.has_begun.wait, 20)


def cloned(stream: int, **fields: object) -> m.Open:
    return opening(stream, reference=REFERENCE, **fields)


async def test_what_comes_before_the_voice_is_spoken_as_what_comes_after_it() -> None:
    early, late = Scene(), Scene()
    late.let_go.set()
    heard = []
    for scene in (early, late):
        async with scene.connected() as (_, client):
            await client.send(cloned(1), m.Text(1, "Hello "), m.Text(1, "there,"))
            await client.send(m.Flush(1, "cut"), m.Text(1, " my friend."), m.End(1))
            await client.settle()
            scene.let_go.set()
            heard += await client.finish(1)
        assert scene.runner.references == [REFERENCE.text]
    assert heard[0].pcm == heard[1].pcm != b""
    assert heard[0].of(m.Flushed) == heard[1].of(m.Flushed) != []


async def test_the_voice_speaks_in_the_encoding_that_was_asked_for() -> None:
    heard = []
    for fields in ({"encoding": "alaw"}, {"sample_rate": G711_RATE_HZ}):
        scene = Scene()
        scene.let_go.set()
        async with scene.connected() as (_, client):
            heard.append(await client.speak(cloned(1, **fields), "Hello there."))
    companded, plain = heard
    assert companded.pcm == alaw(np.frombuffer(plain.pcm, "<i2")) != b""


async def test_others_speak_meanwhile() -> None:
    scene = Scene()
    async with scene.connected() as (_, client):
        await client.send(cloned(1), m.Text(1, "Later."), m.End(1))
        await scene.begun()
        assert (await client.speak(opening(2), "Now.")).samples > 0
        scene.let_go.set()
        (heard,) = await client.finish(1)
        assert isinstance(heard.end, m.Done)
    assert scene.runner.references == [None, REFERENCE.text]


async def test_the_largest_of_the_early_grants_counts() -> None:
    scene = Scene()
    async with scene.connected() as (_, client):
        await client.send(cloned(1, credit=0), m.Credit(1, 2_000), m.Credit(1, 3_000))
        await client.send(m.Credit(1, 1_000), m.Text(1, "Hello there, my friend."), m.End(1))
        await client.settle()
        scene.let_go.set()
        assert (await client.expect(m.Blocked)).at == 3_000


async def test_a_stream_can_be_cancelled_before_it_has_a_voice() -> None:
    scene = Scene()
    async with scene.connected() as (_, client):
        await client.send(cloned(1), m.Text(1, "Hello."))
        await scene.begun()
        await client.send(m.Cancel(1, played=0))
        assert await client.expect(m.Cancelled) == m.Cancelled(1, 0, 0)
        await to_thread.run_sync(scene.encoder.was_given_up.wait, 20)
        scene.let_go.set()
        assert (await client.speak(opening(2), "Still here.")).samples > 0
    assert scene.runner.references == [None]


async def test_a_voice_for_a_client_that_left_is_given_up() -> None:
    scene = Scene()
    async with scene.connected() as (call, client):
        await client.send(cloned(1), m.Text(1, "Hello."))
        await scene.begun()
        call.put(type="websocket.disconnect", code=1006)
        with anyio.fail_after(20):
            await call.returned.wait()
        assert scene.encoder.was_given_up.is_set()
    assert scene.engine.scheduler.num_sequences == 0


async def test_what_cannot_be_cloned_is_refused_alone() -> None:
    scene = Scene()
    scene.let_go.set()
    async with scene.connected() as (_, client):
        unusable = m.Reference(b"a recording", UNUSABLE_TEXT)
        for number, fields, code in (
            (1, {"reference": unusable}, ErrorCode.UNSUPPORTED),
            (2, {"reference": m.Reference(b"a recording", " ")}, ErrorCode.BAD_VALUE),
            (3, {"reference": REFERENCE, "voice": "default"}, ErrorCode.BAD_VALUE),
            (4, {"reference": REFERENCE, "language": "tlh"}, ErrorCode.UNKNOWN_VOICE),
            (5, {"voice": "nobody"}, ErrorCode.UNKNOWN_VOICE),
            (6, {"reference": REFERENCE, "temperature": 0.5}, ErrorCode.UNSUPPORTED),
        ):
            await client.send(opening(number, **fields), m.Text(number, "Hello."))
            error = await client.expect(m.Error)
            assert (error.stream, error.code) == (number, code)
        assert (await client.speak(opening(7), "Still here.")).samples > 0
    # Of the others nothing was made.
    assert scene.encoder.encoded == [UNUSABLE_TEXT]
    rejected = scene.service.metrics.rejected
    assert rejected.labels(reason="bad_value")._value.get() == 2


async def test_no_voice_is_made_for_a_call_that_is_not_taken() -> None:
    scene = Scene(max_calls=1)
    async with scene.connected() as (_, client):
        await client.send(opening(1), cloned(2))
        await client.expect(m.Opened)
        error = await client.expect(m.Error)
        assert (error.stream, error.code) == (2, ErrorCode.OVERLOADED)
        assert error.retry_after_s is not None
    assert not scene.encoder.has_begun.is_set()


async def test_a_call_has_its_place_while_its_voice_is_made_and_no_longer() -> None:
    scene = Scene(max_calls=1)
    async with scene.connected() as (_, client):
        await client.send(cloned(1))
        await scene.begun()
        await client.send(opening(2))
        assert (await client.expect(m.Error)).code is ErrorCode.OVERLOADED
        await client.send(m.Cancel(1))
        await client.expect(m.Cancelled)
        await to_thread.run_sync(scene.encoder.was_given_up.wait, 20)
        # Its thread has said so; whoever waits for that thread has yet to hear of it.
        with anyio.fail_after(20):
            while scene.service.engine.admission.reserved(ServiceClass.CALL):
                await client.settle()
        scene.let_go.set()
        assert (await client.speak(cloned(3), "Taken.")).samples > 0


async def test_a_fault_while_a_voice_is_made_ends_no_other_stream() -> None:
    scene = Scene()
    scene.let_go.set()
    async with scene.connected() as (_, client):
        broken = m.Reference(b"a recording", BREAKING_TEXT)
        await client.send(opening(1, reference=broken))
        error = await client.expect(m.Error)
        assert (error.stream, error.code) == (1, ErrorCode.INTERNAL)
        assert (await client.speak(opening(2), "Still here.")).samples > 0


async def test_a_stream_is_not_idle_while_its_voice_is_made() -> None:
    scene = Scene()
    opened = opening_of(cloned(1), scene.service, "request", lambda: None)
    live = LiveStream(1, PendingStream(opened), "pcm16")
    assert live.expiry(m.Limits(), anyio.current_time() + m.Limits().idle_stream_s + 1) is None


async def test_an_early_end_of_the_server_ends_a_pending_stream_too() -> None:
    scene = Scene()
    async with scene.connected() as (_, client):
        await client.send(cloned(1), m.Text(1, "Hello."))
        await scene.begun()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(scene.service.drain.run, 0.05, 0.5)
            error = await client.expect(m.Error)
            assert (error.stream, error.code) == (1, ErrorCode.DRAINING)
            assert await client.closed() == 1012
    assert scene.encoder.was_given_up.is_set()


async def test_a_model_that_cannot_clone_says_so() -> None:
    async with running(VirtualEngineThread()) as engine:
        app = create_app(Service(engine.client), is_alive=lambda: True)
        async with calling(app, websocket_scope(m.SUBPROTOCOL)) as call:
            socket = AsgiSocket(call)
            await socket.handshake()
            client = Client(socket)
            await client.expect(m.Ready)
            await client.send(cloned(1))
            error = await client.expect(m.Error)
            assert (error.stream, error.code) == (1, ErrorCode.UNSUPPORTED)
            assert (await client.speak(opening(2), "Hello.")).sample_rate == SAMPLE_RATE_HZ
            socket.vanish()
