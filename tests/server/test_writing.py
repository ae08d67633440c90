"""What a connection says leaves in order, whole, and in as few calls to the kernel as it can."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from hypercorn.config import Config
from hypercorn.events import Closed, RawData

from server.transport.guards import MAX_WAITING_BYTES, AbortableConnection


class Transport:
    """Notes what is written, as calls, until it is closed."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.is_closed = False

    def is_closing(self) -> bool:
        return self.is_closed


class Writer:
    """The half of a stream to which a connection writes."""

    def __init__(self) -> None:
        self.transport = Transport()

    def write(self, data: bytes) -> None:
        assert not self.transport.is_closed
        self.transport.written.append(bytes(data))

    def write_eof(self) -> None:
        pass

    async def drain(self) -> None:
        pass

    def close(self) -> None:
        self.transport.is_closed = True

    async def wait_closed(self) -> None:
        pass


def written(say: Callable[[AbortableConnection], Awaitable[None]]) -> list[bytes]:
    """Return what each call to the kernel took of what was said."""

    async def run() -> list[bytes]:
        writer, loop = Writer(), asyncio.get_running_loop()
        connection = AbortableConnection(None, loop, Config(), None, {}, None, writer)
        await say(connection)
        await asyncio.sleep(0)
        return writer.transport.written

    return asyncio.run(run())


async def say_two(connection: AbortableConnection) -> None:
    await connection.protocol_send(RawData(b"one "))
    await connection.protocol_send(RawData(b"two"))


def test_what_is_said_in_one_turn_of_the_loop_leaves_in_one_call() -> None:
    assert written(say_two) == [b"one two"]


def test_what_is_said_in_another_turn_leaves_in_another() -> None:
    async def say(connection: AbortableConnection) -> None:
        await say_two(connection)
        await asyncio.sleep(0)
        await connection.protocol_send(RawData(b"three"))

    assert written(say) == [b"one two", b"three"]


def test_what_was_said_leaves_before_the_connection_closes() -> None:
    async def say(connection: AbortableConnection) -> None:
        await say_two(connection)
        await connection.protocol_send(Closed())

    assert written(say) == [b"one two"]


def test_a_timer_that_comes_after_the_end_has_nothing_to_close() -> None:
    async def say(connection: AbortableConnection) -> None:
        connection._let_go()
        await connection._initiate_server_close()

    assert written(say) == []


@pytest.mark.parametrize("num_bytes", [1_000, MAX_WAITING_BYTES // 2 + 1])
def test_no_more_waits_than_there_is_room_for(num_bytes: int) -> None:
    async def say(connection: AbortableConnection) -> None:
        for _ in range(200):
            await connection.protocol_send(RawData(bytes(num_bytes)))

    calls = written(say)
    assert sum(map(len, calls)) == 200 * num_bytes
    assert max(map(len, calls)) < MAX_WAITING_BYTES + num_bytes
