"""A connection that is there for a whole call, or a reason why it is not."""

import anyio
import pytest

from protocol import Draining, Error, ErrorCode
from protocol.client import ConnectFailed
from protocol.integrations.link import STEADY_S, WAITS_S
from tests.integrations.wires import Exchange, linked
from tests.protocol.client.wire import Wire, pass_time

pytestmark = pytest.mark.anyio


def lose(wire: Wire) -> None:
    wire.say(Error(ErrorCode.INTERNAL, "gone", retryable=True))


async def test_a_connection_that_is_lost_is_made_anew_at_once() -> None:
    async with linked() as exchange:
        first = await exchange.link.connection()
        await pass_time(STEADY_S)
        lost_s = anyio.current_time()
        lose(exchange.wires[0])
        await first.wait_lost()
        assert await exchange.link.connection() is not first
        assert exchange.dialled_s[1] == lost_s
        await pass_time()
        assert sorted(exchange.told) == ["connected", "connected", "gone"]


async def test_a_server_that_loses_every_connection_is_not_dialled_ever_faster() -> None:
    async with linked() as exchange:
        for _ in range(3):
            await exchange.link.connection()
            lose(exchange.wires[-1])
            await pass_time()
        assert exchange.dialled_s[1] - exchange.dialled_s[0] >= WAITS_S[0]
        assert exchange.dialled_s[2] - exchange.dialled_s[1] >= WAITS_S[1]


async def test_a_server_that_is_away_is_given_up_after_the_last_wait() -> None:
    exchange = Exchange(*[ConnectFailed("away")] * (len(WAITS_S) + 1))
    began_s = anyio.current_time()
    assert str(await exchange.link.run()) == "away"
    assert anyio.current_time() - began_s == pytest.approx(sum(WAITS_S))
    with pytest.raises(ConnectFailed, match="away"):
        await exchange.link.connection()


@pytest.mark.parametrize("status", [401, 403, 404])
async def test_a_refusal_that_time_does_not_mend_is_given_up_at_once(status: int) -> None:
    exchange = Exchange(ConnectFailed("never", status))
    assert (await exchange.link.run()).status_code == status
    assert len(exchange.dialled_s) == 1


async def test_a_server_that_says_when_to_come_again_is_obeyed() -> None:
    async with linked(ConnectFailed("later", 503, 3.0)) as exchange:
        await exchange.link.connection()
        assert exchange.dialled_s[1] - exchange.dialled_s[0] == 3.0


async def test_of_a_server_that_drains_the_old_connection_lives_beside_the_next() -> None:
    async with linked() as exchange:
        first = await exchange.link.connection()
        await pass_time(STEADY_S)
        exchange.wires[0].say(Draining(30.0))
        await first.wait_leaving()
        assert await exchange.link.connection() is not first
        async with first.stream() as stream:
            await stream.send_text("Still there.")
            exchange.wires[0].say(Error(ErrorCode.INTERNAL, "gone", retryable=True))
