"""What every `AudioStore` promises. A subclass says how one is opened, and opened again."""

from collections.abc import Callable, Iterator
from contextlib import aclosing
from itertools import count
from pathlib import Path

import anyio
import pytest

from server.jobs.job import LandedAudio
from server.jobs.spool import Spool, SpoolAbandoned
from server.jobs.store import AudioMissing, AudioStore, Landing

KEY = "a-job/0123456789abcdef0123456789abcdef.mp3"
OTHER_KEY = "a-job/fedcba9876543210fedcba9876543210.mp3"
MEDIA_TYPE = "audio/mpeg"
NO_KEYS = (
    *("", "a", "a/b", "../0a.mp3", "a/../../0a.mp3", "/etc/0a.mp3", "a/0a.mp3/", "a//0a.mp3"),
    *(".unfinished/0a.mp3", "a/0a.mp3\n", "a/0a.m\0p3", "a\\b/0a.mp3", "ä/0a.mp3", "%2e/0a.mp3"),
    *("a" * 129 + "/0a.mp3", "a/" + "0" * 65 + ".mp3", "a/0a..", "a/.mp3", "a?b/0a.mp3"),
)


def audio(num_bytes: int, take: int = 1) -> bytes:
    """Return bytes of which no two takes have the same, nor any two places of one take."""
    words = (num_bytes + 7) // 8
    return b"".join((take << 32 | word).to_bytes(8) for word in range(words))[:num_bytes]


async def everything(store: AudioStore, key: str, start: int = 0, end: int = 1 << 40) -> bytes:
    async with aclosing(store.read(key, start, end)) as chunks:
        return b"".join([chunk async for chunk in chunks])


class AudioStoreContract:
    """Tests are run for the store that `reopened` returns: the same one, as another process."""

    def reopened(self) -> AudioStore:
        """Open the store of this test; it is empty at first."""
        raise NotImplementedError

    def leftovers(self) -> list[str]:
        """Name whatever is kept, and no audio that has landed."""
        raise NotImplementedError

    @pytest.fixture(autouse=True)
    def _spools(self, tmp_path: Path) -> Iterator[None]:
        numbers = count()
        self.new_path: Callable[[], Path] = lambda: tmp_path / f"spool-{next(numbers)}"
        yield
        assert self.leftovers() == []

    async def spooled(self, data: bytes, take: int = 1) -> Spool:
        spool = Spool(self.new_path(), take)
        await spool.write(data)
        spool.complete()
        return spool

    async def landed(self, data: bytes, take: int = 1, key: str = KEY) -> Landing:
        spool = await self.spooled(data, take)
        landing = await self.reopened().land(key, spool, MEDIA_TYPE)
        await spool.abandon()
        return landing

    async def test_what_has_landed_is_there_for_everyone_when_its_spool_is_gone(self) -> None:
        data = audio(200_000, take=7)
        landing = await self.landed(data, take=7)
        assert landing == Landing(audio=LandedAudio(take=7, num_bytes=200_000), is_first=True)
        assert await self.reopened().find(KEY) == landing.audio
        assert await everything(self.reopened(), KEY) == data

    async def test_what_has_not_landed_is_missing(self) -> None:
        store = self.reopened()
        await self.landed(b"other", key=OTHER_KEY)
        with pytest.raises(AudioMissing):
            await store.find(KEY)
        with pytest.raises(AudioMissing):
            await everything(store, KEY)

    async def test_a_second_landing_is_refused_and_changes_nothing(self) -> None:
        await self.landed(audio(1_000, take=1), take=1)
        second = await self.landed(audio(2_000, take=2), take=2)
        assert second == Landing(audio=LandedAudio(take=1, num_bytes=1_000), is_first=False)
        assert await everything(self.reopened(), KEY) == audio(1_000, take=1)

    async def test_of_many_that_land_at_once_one_is_first_and_stays(self) -> None:
        spools = [await self.spooled(audio(50_000 + take, take), take) for take in range(1, 17)]
        landings: list[Landing] = []

        async def land(spool: Spool) -> None:
            landings.append(await self.reopened().land(KEY, spool, MEDIA_TYPE))

        async with anyio.create_task_group() as tasks:
            for spool in spools:
                tasks.start_soon(land, spool)
        assert [landing.is_first for landing in landings].count(True) == 1
        (kept,) = {landing.audio for landing in landings}
        assert await everything(self.reopened(), KEY) == audio(kept.num_bytes, kept.take)

    async def test_nothing_is_there_before_all_of_it_is(self) -> None:
        spool = Spool(self.new_path(), 1)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self.reopened().land, KEY, spool, MEDIA_TYPE)
            await spool.write(audio(100_000))
            await anyio.sleep(0.05)
            with pytest.raises(AudioMissing):
                await self.reopened().find(KEY)
            spool.complete()
        assert (await self.reopened().find(KEY)).num_bytes == 100_000

    async def test_a_take_that_is_given_up_never_lands(self) -> None:
        spool = Spool(self.new_path(), 1)
        await spool.write(audio(100_000))

        async def give_up() -> None:
            await anyio.sleep(0.05)
            await spool.abandon()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(give_up)
            with pytest.raises(SpoolAbandoned):
                await self.reopened().land(KEY, spool, MEDIA_TYPE)
        with pytest.raises(AudioMissing):
            await self.reopened().find(KEY)

    async def test_a_landing_that_is_cancelled_leaves_nothing(self) -> None:
        spool = Spool(self.new_path(), 1)
        await spool.write(audio(100_000))
        with anyio.move_on_after(0.05) as scope:
            await self.reopened().land(KEY, spool, MEDIA_TYPE)
        assert scope.cancelled_caught
        await spool.abandon()
        with pytest.raises(AudioMissing):
            await self.reopened().find(KEY)

    async def test_a_part_is_that_part(self) -> None:
        data, beyond = audio(100_000), 1 << 40
        await self.landed(data)
        for start, end in (
            *((0, 1), (0, 0), (5, 5), (7, 70_000), (99_999, 100_000)),
            *((65_536, beyond), (100_000, beyond), (200_000, beyond)),
        ):
            assert await everything(self.reopened(), KEY, start, end) == data[start:end]

    async def test_a_reader_may_leave_early(self) -> None:
        data = audio(1_000_000)
        await self.landed(data)
        async with aclosing(self.reopened().read(KEY, 0, len(data))) as chunks:
            first = await anext(chunks)
        assert data.startswith(first)

    async def test_what_is_removed_is_gone_for_everyone_and_may_land_again(self) -> None:
        await self.landed(audio(100))
        await self.landed(audio(100), key=OTHER_KEY)
        await self.reopened().remove(KEY)
        with pytest.raises(AudioMissing):
            await self.reopened().find(KEY)
        assert (await self.reopened().find(OTHER_KEY)).num_bytes == 100
        assert (await self.landed(audio(200, take=2), take=2)).is_first

    async def test_what_is_not_there_can_be_removed(self) -> None:
        await self.reopened().remove(KEY)
        await self.landed(audio(100))
        await self.reopened().remove(KEY)
        await self.reopened().remove(KEY)

    async def test_a_key_that_no_job_has_is_refused(self) -> None:
        store, spool = self.reopened(), await self.spooled(b"data")
        for key in NO_KEYS:
            for ask in (
                *(store.land(key, spool, MEDIA_TYPE), store.find(key), store.remove(key)),
                *(store.url(key, MEDIA_TYPE), everything(store, key)),
            ):
                with pytest.raises(ValueError, match="no key"):
                    await ask
