"""The end of a server in virtual time: who may finish, who is told, who is cut."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import pytest
from starlette.types import ASGIApp

from engine.runners.tone import SAMPLE_RATE_HZ
from protocol import messages as m
from protocol.codec import encode
from protocol.codes import ErrorCode
from server.app import create_app
from server.drain import Drain
from server.service import Service
from server.websocket.socket import CLOSE_TIMEOUT_S, LINGER_S
from tests.helpers.asgi import AsgiCall, AsgiSocket, calling, http_scope, websocket_scope
from tests.helpers.talking import Client, opening
from tests.helpers.virtual_engine_thread import VirtualEngineThread, running

pytestmark = pytest.mark.anyio

DEADLINE_S = 10.0
FAREWELL_S = 1.0
LONG = "word " * 100


@asynccontextmanager
async def serving() -> AsyncIterator[tuple[ASGIApp, Drain]]:
    async with running(VirtualEngineThread()) as engine:
        service = Service(engine.client)
        yield create_app(service, is_alive=lambda: engine.is_alive), service.drain


@asynccontextmanager
async def connected(
    app: ASGIApp, *, buffer: int = 10_000
) -> AsyncIterator[tuple[AsgiCall, Client]]:
    async with calling(app, websocket_scope(m.SUBPROTOCOL), buffer=buffer) as call:
        socket = AsgiSocket(call)
        await socket.handshake()
        client = Client(socket)
        await client.expect(m.Ready)
        try:
            yield call, client
        finally:
            socket.vanish()


async def status_of(app: ASGIApp, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
    async with calling(app, http_scope(method, path)) as call:
        call.put(type="http.request", body=body, more_body=False)
        start = await call.get()
        headers = dict(start["headers"])
    return start["status"], headers.get(b"retry-after", b"")


async def test_an_idle_server_is_gone_at_once() -> None:
    began_s = anyio.current_time()
    await Drain().run(DEADLINE_S, FAREWELL_S)
    assert anyio.current_time() == began_s


async def test_an_idle_connection_is_told_and_closed() -> None:
    began_s = anyio.current_time()
    async with (
        serving() as (app, drain),
        connected(app) as (_, client),
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(drain.run, DEADLINE_S, FAREWELL_S)
        assert await client.expect(m.Draining) == m.Draining(DEADLINE_S)
        assert await client.closed() == 1012
        client.socket.vanish()
    assert anyio.current_time() - began_s < FAREWELL_S


async def test_the_end_waits_for_a_listener_that_has_not_read_all() -> None:
    async with (
        serving() as (app, drain),
        connected(app) as (_, client),
        anyio.create_task_group() as tasks,
    ):
        await client.speak(opening(1), "All is said.")
        began_s = anyio.current_time()
        tasks.start_soon(drain.run, DEADLINE_S, FAREWELL_S)
        await anyio.sleep(DEADLINE_S / 2)
        await client.socket.send(encode(m.Credit(1, 1_000)))
        await anyio.sleep(DEADLINE_S / 4)
        client.socket.vanish()
    assert 0.75 * DEADLINE_S <= anyio.current_time() - began_s < DEADLINE_S


async def test_a_listener_for_whom_messages_wait_hears_all_and_the_close() -> None:
    async with (
        serving() as (app, drain),
        connected(app, buffer=2) as (_, client),
        anyio.create_task_group() as tasks,
    ):
        await client.send(opening(1), m.Text(1, "All is said."), m.End(1))
        await client.expect(m.Opened)
        tasks.start_soon(drain.run, 10 * DEADLINE_S, FAREWELL_S)
        message: m.ServerMessage | None = None
        while not isinstance(message, m.Done):
            message = await client.receive()
            await anyio.sleep(2 * CLOSE_TIMEOUT_S)
        assert await client.closed() == 1012


@pytest.mark.parametrize(("deadline_s", "waits_s"), [(2 * LINGER_S, LINGER_S), (5.0, 6.0)])
async def test_the_end_waits_for_no_peer_that_never_closes_for_longer_than_it_may_listen(
    deadline_s: float, waits_s: float
) -> None:
    async with serving() as (app, drain), connected(app) as (_, client):
        await client.speak(opening(1), "All is said.")
        began_s = anyio.current_time()
        await drain.run(deadline_s, FAREWELL_S)
        assert anyio.current_time() - began_s == pytest.approx(waits_s, abs=0.1)


async def test_the_end_waits_for_nobody_who_has_nothing_left_to_hear() -> None:
    async with serving() as (app, drain), connected(app) as (_, client):
        await client.speak(opening(1), "All is said.")
        await anyio.sleep(LINGER_S)
        began_s = anyio.current_time()
        await drain.run(DEADLINE_S, FAREWELL_S)
        assert anyio.current_time() - began_s < FAREWELL_S


async def test_an_open_stream_is_spoken_to_its_end() -> None:
    async with (
        serving() as (app, drain),
        connected(app) as (_, client),
        anyio.create_task_group() as tasks,
    ):
        await client.send(opening(1, credit=SAMPLE_RATE_HZ), m.Text(1, LONG), m.End(1))
        await client.expect(m.Blocked)
        tasks.start_soon(drain.run, DEADLINE_S, FAREWELL_S)
        await client.expect(m.Draining)
        await client.send(opening(2))
        refused = await client.expect(m.Error)
        assert (refused.stream, refused.code) == (2, ErrorCode.DRAINING)
        assert refused.retryable
        await anyio.sleep(DEADLINE_S / 2)
        await client.send(m.Credit(1, 100 * SAMPLE_RATE_HZ))
        (heard,) = await client.finish(1)
        assert isinstance(heard.end, m.Done)
        assert await client.closed() == 1012


async def test_new_work_is_refused_with_a_time_to_come_again() -> None:
    async with serving() as (app, drain), connected(app) as (_, client):
        await client.send(opening(1))
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(drain.run, DEADLINE_S, FAREWELL_S)
            await client.expect(m.Draining)
            async with calling(app, websocket_scope(m.SUBPROTOCOL)) as call:
                call.put(type="websocket.connect")
                refused = await call.get()
            assert refused["status"] == 503
            assert dict(refused["headers"])[b"retry-after"] == b"5"
            assert await status_of(app, "POST", "/v1/notes", b'{"text": "x"}') == (503, b"5")
            assert (await status_of(app, "GET", "/readyz"))[0] == 503
            assert (await status_of(app, "GET", "/livez"))[0] == 200
            tasks.cancel_scope.cancel()


async def test_at_the_deadline_every_stream_is_told_and_every_note_cut() -> None:
    async with (
        serving() as (app, drain),
        connected(app) as (_, client),
        calling(app, http_scope("POST", "/v1/notes"), buffer=2) as note,
    ):
        note.put(type="http.request", body=b'{"text": "%s"}' % LONG.encode(), more_body=False)
        assert (await note.get())["status"] == 200
        await client.send(opening(1), opening(2))
        for _ in range(2):
            await client.expect(m.Opened)
        began_s = anyio.current_time()
        await drain.run(DEADLINE_S, FAREWELL_S)
        waited_s = anyio.current_time() - began_s
        assert DEADLINE_S <= waited_s <= DEADLINE_S + FAREWELL_S
        for heard in await client.finish(1, 2):
            assert isinstance(heard.end, m.Error)
            assert heard.end.code is ErrorCode.DRAINING
        assert await client.closed() == 1012
        assert note.returned.is_set()
        assert all(part["more_body"] for part in note.rest())


async def test_a_reader_that_does_not_read_holds_nothing_up() -> None:
    async with serving() as (app, drain), connected(app, buffer=4) as (call, client):
        await client.send(opening(1), m.Text(1, LONG), m.End(1))
        await anyio.sleep(1.0)
        began_s = anyio.current_time()
        await drain.run(DEADLINE_S, FAREWELL_S)
        assert anyio.current_time() - began_s <= DEADLINE_S + FAREWELL_S
        with anyio.fail_after(2.0):
            await call.returned.wait()


async def test_who_came_in_while_the_drain_began_is_told_too() -> None:
    drain = Drain()
    told: list[float] = []

    class Latecomer:
        def drain(self, deadline_s: float) -> None:
            told.append(deadline_s)

        def cut(self) -> None: ...

    class Early(Latecomer):
        def drain(self, deadline_s: float) -> None: ...

    async with anyio.create_task_group() as tasks:
        with drain.working(Early()):
            tasks.start_soon(drain.run, DEADLINE_S, FAREWELL_S)
            await anyio.sleep(DEADLINE_S / 4)
            with drain.working(Latecomer()):
                pass
    assert told == [pytest.approx(DEADLINE_S * 3 / 4)]
