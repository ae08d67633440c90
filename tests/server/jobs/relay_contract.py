"""What every `Relay` must do. `test_local_relay.py` and `test_redis_relay.py` run it."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import anyio
import pytest

from server.jobs.relay import Relay
from server.jobs.spool import Spool, SpoolAbandoned

#: Nothing here takes as long; a fault shows as a timeout, not as a hang.
TIMEOUT_S = 20.0
JOB = "job-1"
PATIENCE_S = 0.5


async def heard(relay: Relay, take: int = 1, start: int = 0) -> bytes:
    with anyio.fail_after(TIMEOUT_S):
        async with aclosing(relay.follow(JOB, take, start)) as chunks:
            return b"".join([chunk async for chunk in chunks])


class RelayContract:
    """The suite. A subclass gives the fixtures `here`, where takes run, and `there`, who follows.

    Both wait for what is not there for `PATIENCE_S`.
    """

    @pytest.fixture
    def virtual_time(self) -> bool:
        return False

    @pytest.fixture
    async def spool(self, tmp_path: Path) -> AsyncIterator[Spool]:
        spool = Spool(tmp_path / "take", take=1)
        yield spool
        await spool.abandon()

    async def test_a_follower_hears_a_take_as_it_is_made_and_to_its_end(
        self, here: Relay, there: Relay, spool: Spool
    ) -> None:
        async with here.publishing(JOB, spool):
            await spool.write(b"one ")
            with anyio.fail_after(TIMEOUT_S):
                async with aclosing(there.follow(JOB, 1)) as chunks:
                    assert await anext(chunks) == b"one "
                    await spool.write(b"two ")
                    assert await anext(chunks) == b"two "
                    spool.complete()
                    with pytest.raises(StopAsyncIteration):
                        await anext(chunks)

    async def test_many_hear_the_same_from_wherever_they_begin(
        self, here: Relay, there: Relay, spool: Spool
    ) -> None:
        audio = bytes(range(256)) * 1_024
        results: dict[int, bytes] = {}

        async def listen(start: int) -> None:
            results[start] = await heard(there, start=start)

        async with here.publishing(JOB, spool), anyio.create_task_group() as tasks:
            for start in (0, 1, 65_536, 100_000, len(audio), 2 * len(audio)):
                tasks.start_soon(listen, start)
            for at in range(0, len(audio), 10_000):
                await spool.write(audio[at : at + 10_000])
            spool.complete()
        assert results == {start: audio[start:] for start in results}
        assert len(results) == 6

    async def test_a_take_that_is_given_up_ends_in_an_error(
        self, here: Relay, there: Relay, spool: Spool
    ) -> None:
        async with here.publishing(JOB, spool):
            await spool.write(b"one ")
            async with aclosing(there.follow(JOB, 1)) as chunks:
                assert await anext(chunks) == b"one "
                await spool.abandon()
                with pytest.raises(SpoolAbandoned):
                    await anext(chunks)

    async def test_a_context_that_is_left_early_gives_the_take_up(
        self, here: Relay, there: Relay, spool: Spool
    ) -> None:
        async with aclosing(there.follow(JOB, 1)) as chunks:
            async with here.publishing(JOB, spool):
                await spool.write(b"one ")
                assert await anext(chunks) == b"one "
            await spool.abandon()
            with pytest.raises(SpoolAbandoned):
                await anext(chunks)

    async def test_a_take_is_never_spliced_onto_another(
        self, here: Relay, there: Relay, spool: Spool, tmp_path: Path
    ) -> None:
        second = Spool(tmp_path / "second", take=2)
        async with aclosing(there.follow(JOB, 1)) as chunks:
            async with here.publishing(JOB, spool):
                await spool.write(b"one ")
                assert await anext(chunks) == b"one "
                async with here.publishing(JOB, second):
                    await second.write(b"two ")
                    second.complete()
                    assert await heard(there, take=2) == b"two "
            await spool.abandon()
            with pytest.raises(SpoolAbandoned):
                await anext(chunks)

    async def test_who_comes_before_the_take_waits_for_it(
        self, here: Relay, there: Relay, spool: Spool
    ) -> None:
        results = []
        has_heard = anyio.Event()

        async def listen() -> None:
            results.append(await heard(there))
            has_heard.set()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(listen)
            await anyio.sleep(0.01)
            async with here.publishing(JOB, spool):
                await spool.write(b"one ")
                spool.complete()
                with anyio.fail_after(TIMEOUT_S):
                    await has_heard.wait()
        assert results == [b"one "]

    async def test_what_nobody_makes_is_not_waited_for_for_ever(self, there: Relay) -> None:
        with pytest.raises(SpoolAbandoned):
            await heard(there, take=7)
