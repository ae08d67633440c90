"""A socket whose `send` tells the truth, over a server that swallows what it cannot send."""

import anyio
import pytest
from starlette.types import Message

from server.websocket.socket import MESSAGES_A_TURN, SEND_TIMEOUT_S, Disconnected, Socket

pytestmark = pytest.mark.anyio


class Swallowing:
    """A server whose peer has left, and that takes every message without a moment's wait."""

    def __init__(self) -> None:
        self.num_taken = 0

    async def receive(self) -> Message:
        return {"type": "websocket.disconnect", "code": 1006}

    async def send(self, message: Message) -> None:
        self.num_taken += message["type"] == "websocket.send"


async def test_nothing_can_be_sent_once_the_peer_is_known_to_be_gone() -> None:
    below = Swallowing()
    socket = Socket(below.receive, below.send)
    await socket.send(b"before it is known")
    with pytest.raises(Disconnected):
        await socket.receive()
    with pytest.raises(Disconnected):
        await socket.send(b"after")
    assert below.num_taken == 1


async def test_a_send_that_was_given_up_does_not_count_as_stuck() -> None:
    async def never(_: Message) -> None:
        await anyio.sleep_forever()

    socket = Socket(Swallowing().receive, never)
    with anyio.move_on_after(1):
        await socket.send(b"nobody takes it")
    assert not socket.is_stuck(0)
    assert not socket.is_stuck(SEND_TIMEOUT_S)


@pytest.mark.parametrize(
    ("num_bursts", "burst", "expected"),
    [(1, 4 * MESSAGES_A_TURN, 3), (4, MESSAGES_A_TURN - 1, 0)],
    ids=["without end", "and has waited before each turn"],
)
async def test_others_have_their_turn_while_somebody_sends(
    num_bursts: int, burst: int, expected: int
) -> None:
    below = Swallowing()
    socket = Socket(below.receive, below.send)
    turns = 0

    async def take_turns() -> None:
        nonlocal turns
        while turns < 3:
            turns += 1
            await anyio.lowlevel.checkpoint()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(take_turns)
        for _ in range(num_bursts):
            socket.begin_turn()
            for _ in range(burst):
                await socket.send(b"again")
        assert turns == expected
