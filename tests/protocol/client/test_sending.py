"""What a task sends, and how long it waits for a server that takes nothing, on a virtual clock."""

import anyio
import pytest

from protocol import Bye, End, Ping, Text
from protocol.client import ClientConnection, ConnectFailed, ConnectionLost
from protocol.client.connecting import READY_TIMEOUT_S, _wait_until_ready
from protocol.client.connection import BYE_TIMEOUT_S
from protocol.client.outbox import MAX_WAITING_MESSAGES
from protocol.client.stream import LEAVE_TIMEOUT_S
from tests.protocol.client.wire import Wire, connected, pass_time

pytestmark = pytest.mark.anyio


async def test_what_a_cancelled_task_was_sending_is_sent_whole_and_in_its_place() -> None:
    async with connected() as (wire, connection), connection.stream() as stream:
        wire.takes = anyio.Event()
        began_s = anyio.current_time()
        for text in ("one ", "two "):
            with anyio.move_on_after(0.25):
                await stream.send_text(text)
        assert anyio.current_time() - began_s == pytest.approx(0.5)
        wire.takes.set()
        await stream.end()
        assert [m for _, m in wire.sent[1:]] == [Text(1, "one "), Text(1, "two "), End(1)]


async def test_a_task_that_was_cancelled_before_sends_nothing() -> None:
    async with connected() as (wire, connection):
        with anyio.CancelScope() as scope:
            scope.cancel()
            await connection.send(Ping())
        with anyio.CancelScope() as scope:
            scope.cancel()
            async with connection.stream():
                pass
        await pass_time()
        assert wire.sent == []


async def test_a_server_that_takes_nothing_holds_up_nobody_who_leaves() -> None:
    async with connected() as (wire, connection):
        async with connection.stream() as stream:
            wire.takes = anyio.Event()
            with anyio.move_on_after(0.1):
                await stream.send_text("never taken")
            began_s = anyio.current_time()
        assert anyio.current_time() - began_s == pytest.approx(LEAVE_TIMEOUT_S)
        await connection.leave()
        left_s = anyio.current_time() - began_s
        assert left_s == pytest.approx(LEAVE_TIMEOUT_S + BYE_TIMEOUT_S)


async def test_who_waits_to_be_heard_learns_that_the_connection_was_left() -> None:
    async def send(connection: ClientConnection) -> None:
        with pytest.raises(ConnectionLost, match="owner"):
            await connection.send(Ping())

    async with connected() as (wire, connection), anyio.create_task_group() as tasks:
        wire.takes = anyio.Event()
        tasks.start_soon(send, connection)
        await pass_time()
        await connection.leave()


async def test_the_messages_that_cancelled_tasks_leave_behind_are_bounded() -> None:
    async with connected() as (wire, connection):
        wire.takes = anyio.Event()
        for _ in range(MAX_WAITING_MESSAGES):
            with anyio.move_on_after(0.001):
                await connection.send(Ping())
        with pytest.raises(ConnectionLost, match=str(MAX_WAITING_MESSAGES)), anyio.fail_after(1):
            await connection.send(Ping())


async def test_a_goodbye_is_said_even_by_a_task_that_was_cancelled() -> None:
    async with connected() as (wire, connection), anyio.create_task_group() as tasks:

        async def take_again() -> None:
            await pass_time(BYE_TIMEOUT_S / 2)
            wire.takes.set()

        wire.takes = anyio.Event()
        tasks.start_soon(take_again)
        with anyio.CancelScope() as scope:
            scope.cancel()
            await connection.leave()
        assert len(wire.heard(Bye)) == 1


async def test_a_server_that_is_never_ready_is_given_up_without_a_word() -> None:
    wire = Wire()
    connection = ClientConnection(wire)
    began_s = anyio.current_time()
    with pytest.raises(ConnectFailed, match="ready"):
        await _wait_until_ready(connection, wire)
    await connection.leave()
    assert anyio.current_time() - began_s == pytest.approx(READY_TIMEOUT_S)
