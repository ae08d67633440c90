"""Takes heard in one process that another makes, by a real Redis."""

import gc
import uuid
from collections.abc import AsyncIterator
from contextlib import aclosing

import anyio
import pytest

from server.jobs.redis.audio import ALIVE_S
from server.jobs.redis.publisher import UNPUBLISHED_S
from server.jobs.redis.relay import RedisRelay, open_redis_relay
from server.jobs.relay import RelayUnreachable
from server.jobs.spool import Spool, SpoolAbandoned
from tests.helpers.redis_server import RedisServer
from tests.server.jobs.cut_link import CutLink, linked
from tests.server.jobs.relay_contract import JOB, PATIENCE_S, TIMEOUT_S, RelayContract, heard

pytestmark = [
    pytest.mark.anyio,
    # coredis leaves those of a connection that was never made.
    pytest.mark.filterwarnings("ignore:Unclosed <MemoryObject:ResourceWarning"),
]


class TestRedisRelay(RelayContract):
    @pytest.fixture
    def name(self) -> str:
        return uuid.uuid4().hex

    @pytest.fixture
    def soon_forgotten(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("server.jobs.redis.audio.ALIVE_S", 1)

    @pytest.fixture
    async def here(self, shared_redis: RedisServer, name: str) -> AsyncIterator[RedisRelay]:
        async with open_redis_relay(shared_redis.url, name=name, patience_s=PATIENCE_S) as relay:
            yield relay

    @pytest.fixture
    async def there(self, shared_redis: RedisServer, name: str) -> AsyncIterator[RedisRelay]:
        async with open_redis_relay(shared_redis.url, name=name, patience_s=PATIENCE_S) as relay:
            yield relay

    @pytest.fixture
    async def link(self, shared_redis: RedisServer) -> AsyncIterator[CutLink]:
        async with linked(shared_redis.port) as link:
            yield link
        gc.collect()

    @pytest.fixture
    async def mortal(self, link: CutLink, name: str) -> AsyncIterator[RedisRelay]:
        async with open_redis_relay(f"redis://127.0.0.1:{link.port}", name=name) as relay:
            yield relay

    async def test_what_is_made_here_is_heard_where_redis_is_not(
        self, own_redis: RedisServer, spool: Spool
    ) -> None:
        async with open_redis_relay(own_redis.url) as relay:
            own_redis.kill()
            async with relay.publishing(JOB, spool):
                await spool.write(b"one ")
                spool.complete()
                assert await heard(relay) == b"one "
            with pytest.raises(RelayUnreachable):
                await heard(relay, take=2)
            own_redis.start()

    async def test_who_comes_too_late_for_the_beginning_is_told_and_the_rest_is_heard(
        self, here: RedisRelay, there: RedisRelay, spool: Spool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("server.jobs.redis.audio.MAX_BYTES", 100)
        monkeypatch.setattr("server.jobs.redis.publisher.PIECE_S", 0)
        async with here.publishing(JOB, spool), aclosing(there.follow(JOB, 1)) as early:
            for number in range(10):
                await spool.write(bytes([number]) * 50)
                assert await anext(early) == bytes([number]) * 50
            with pytest.raises(SpoolAbandoned):
                await heard(there, start=1)
            spool.complete()
            assert await heard(there, start=425) == bytes([8]) * 25 + bytes([9]) * 50

    @pytest.mark.slow
    @pytest.mark.usefixtures("soon_forgotten")
    async def test_a_take_whose_maker_has_died_ends_for_those_who_hear_it(
        self, link: CutLink, mortal: RedisRelay, there: RedisRelay, spool: Spool
    ) -> None:
        async with mortal.publishing(JOB, spool), aclosing(there.follow(JOB, 1)) as chunks:
            await spool.write(b"one ")
            assert await anext(chunks) == b"one "
            await link.cut()
            with pytest.raises(SpoolAbandoned), anyio.fail_after(TIMEOUT_S):
                await anext(chunks)

    async def test_who_hears_a_take_of_the_dead_is_told_soon_though_the_next_is_over_at_once(
        self, link: CutLink, mortal: RedisRelay, here: RedisRelay, there: RedisRelay, spool: Spool
    ) -> None:
        async with mortal.publishing(JOB, spool), aclosing(there.follow(JOB, 1)) as chunks:
            await spool.write(b"one ")
            assert await anext(chunks) == b"one "
            await link.cut()
            async with here.publishing(JOB, Spool(spool.path.with_name("second"), take=2)):
                pass
            with pytest.raises(SpoolAbandoned), anyio.fail_after(ALIVE_S / 2):
                await anext(chunks)

    @pytest.mark.slow
    @pytest.mark.usefixtures("soon_forgotten")
    async def test_a_take_that_says_nothing_for_long_is_not_forgotten(
        self,
        here: RedisRelay,
        there: RedisRelay,
        spool: Spool,
    ) -> None:
        async with here.publishing(JOB, spool), aclosing(there.follow(JOB, 1)) as chunks:
            await spool.write(b"one ")
            assert await anext(chunks) == b"one "
            await anyio.sleep(1.5)
            await spool.write(b"two ")
            assert await anext(chunks) == b"two "
            spool.complete()

    async def test_a_take_that_is_over_at_once_costs_redis_nothing(
        self, shared_redis: RedisServer, here: RedisRelay, spool: Spool, name: str
    ) -> None:
        async with here.publishing(JOB, spool):
            await spool.write(b"one ")
            spool.complete()
        await anyio.sleep(2 * UNPUBLISHED_S)
        assert name.encode() not in shared_redis.command("KEYS", "*")

    async def test_many_listeners_need_one_connection(
        self, shared_redis: RedisServer, here: RedisRelay, there: RedisRelay, spool: Spool
    ) -> None:
        heard_by: list[bytes] = []

        async def listen() -> None:
            heard_by.append(await heard(there))

        async with here.publishing(JOB, spool), anyio.create_task_group() as tasks:
            before = num_clients(shared_redis)
            for _ in range(100):
                tasks.start_soon(listen)
            for _ in range(10):
                await spool.write(b"x" * 1_000)
                await anyio.sleep(0.01)
            assert num_clients(shared_redis) <= before + 2
            spool.complete()
        assert heard_by == [b"x" * 10_000] * 100


def num_clients(redis: RedisServer) -> int:
    return redis.command("CLIENT", "LIST").count(b" addr=")
