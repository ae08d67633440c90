"""A take while it is made: whoever follows it, whenever, reads what was written, and no more."""

import errno
import os
from collections.abc import Iterator
from io import FileIO
from itertools import combinations, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from anyio import to_thread

from server.jobs import spool as spool_module
from server.jobs.spool import HELD_BYTES, Spool, SpoolAbandoned

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

pytestmark = pytest.mark.anyio

DATA = b"voices"
#: More than is held.
LONG = bytes(HELD_BYTES + 1)
TIMEOUT_S = 10.0


@pytest.fixture
def virtual_time() -> bool:
    return False  # files are read and written in threads


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "take", 1)


def splits(data: bytes) -> Iterator[list[bytes]]:
    """Yield every way to cut `data`."""
    for count in range(len(data)):
        for cuts in combinations(range(1, len(data)), count):
            edges = [0, *cuts, len(data)]
            yield [data[a:b] for a, b in pairwise(edges)]


class Follower:
    """Reads a spool, and keeps what it has read, also if it was given up."""

    def __init__(self) -> None:
        self.data = b""
        self.is_abandoned = False

    async def read(self, spool: Spool, start: int = 0) -> None:
        try:
            async for data in spool.follow(start):
                assert data
                self.data += data
        except SpoolAbandoned:
            self.is_abandoned = True


async def read(spool: Spool, start: int = 0) -> Follower:
    follower = Follower()
    with anyio.fail_after(TIMEOUT_S):
        await follower.read(spool, start)
    return follower


@pytest.mark.parametrize("num_held", [1, 3, len(DATA)])
async def test_however_it_is_cut_everyone_reads_all_of_it_from_where_they_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, num_held: int
) -> None:
    monkeypatch.setattr(spool_module, "HELD_BYTES", num_held)
    for number, parts in enumerate(splits(DATA)):
        spool = Spool(tmp_path / str(number), 1)
        early = [Follower() for _ in range(len(DATA) + 2)]
        async with anyio.create_task_group() as tasks:
            for start, follower in enumerate(early):
                tasks.start_soon(follower.read, spool, start)
            for part in parts:
                await spool.write(part)
            midway = Follower()
            tasks.start_soon(midway.read, spool, 1)
            spool.complete()
        late = await read(spool, 2)
        assert [follower.data for follower in early] == [DATA[n:] for n in range(len(DATA) + 2)]
        assert (midway.data, late.data) == (DATA[1:], DATA[2:])
        assert spool.path.exists() == (num_held < len(DATA))
        for start in range(len(DATA) + 1):
            part = await to_thread.run_sync(spool.read, start, 2)
            assert part == DATA[start : start + 2]
        await to_thread.run_sync(spool.save)
        assert (spool.path.read_bytes(), spool.num_bytes) == (DATA, len(DATA))


async def test_what_is_written_is_read_before_the_next_is(spool: Spool) -> None:
    with anyio.fail_after(TIMEOUT_S):
        await spool.write(DATA[:2])
        following = spool.follow()
        assert await anext(following) == DATA[:2]
        await spool.write(DATA[2:])
        assert await anext(following) == DATA[2:]
        spool.complete()
        assert await anext(following, None) is None


async def test_little_of_it_is_held_at_once(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool_module, "READ_BYTES", 4)
    monkeypatch.setattr(spool_module, "HELD_BYTES", 4)
    await spool.write(DATA)
    spool.complete()
    assert [data async for data in spool.follow()] == [DATA[:4], DATA[4:]]


async def test_who_does_not_read_holds_nobody_up(spool: Spool) -> None:
    with anyio.fail_after(TIMEOUT_S):
        await spool.write(DATA)
        idle = spool.follow()
        assert await anext(idle) == DATA
        for _ in range(20):
            await spool.write(DATA)
        spool.complete()
        assert (await read(spool)).data == DATA * 21
        await idle.aclose()


async def test_a_take_of_nothing_is_read_to_its_end(spool: Spool) -> None:
    follower = Follower()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(follower.read, spool)
        await anyio.wait_all_tasks_blocked()
        spool.complete()
    assert (follower.data, follower.is_abandoned) == (b"", False)
    assert (await read(spool)).data == b""


async def test_everyone_is_told_that_a_take_is_given_up(spool: Spool) -> None:
    early, midway = Follower(), Follower()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(early.read, spool)
        await spool.write(DATA)
        tasks.start_soon(midway.read, spool)
        await anyio.wait_all_tasks_blocked()
        await spool.abandon()
    late = await read(spool)
    assert early.is_abandoned
    assert midway.is_abandoned
    assert late.is_abandoned
    assert (DATA.startswith(early.data), late.data) == (True, b"")
    assert not spool.path.exists()
    for waiting in (spool.completed, lambda: spool.reached(1)):
        with pytest.raises(SpoolAbandoned):
            await waiting()


async def test_a_take_can_be_given_up_before_anything_was_written(spool: Spool) -> None:
    follower = Follower()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(follower.read, spool)
        await anyio.wait_all_tasks_blocked()
        await spool.abandon()
    assert follower.is_abandoned


async def test_who_is_about_to_read_a_take_that_is_given_up_is_told(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_file = anyio.open_file

    async def open_late(*arguments: Any) -> object:  # noqa: ANN401 as of what it replaces
        await spool.abandon()
        return await open_file(*arguments)

    await spool.write(LONG)
    monkeypatch.setattr(anyio, "open_file", open_late)
    assert (await read(spool)).is_abandoned


async def test_one_that_is_complete_is_read_to_the_end_though_its_file_is_removed(
    spool: Spool,
) -> None:
    await spool.write(DATA)
    following = spool.follow()
    assert await anext(following) == DATA
    await spool.write(DATA)
    spool.complete()
    await spool.abandon()
    assert await anext(following) == DATA
    assert await anext(following, None) is None
    with anyio.fail_after(TIMEOUT_S):
        await spool.completed()


async def test_a_short_one_that_is_complete_is_read_from_anywhere_without_its_file(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    await spool.write(DATA)
    spool.complete()
    await spool.abandon()
    for start in range(len(DATA) + 2):
        assert b"".join([data async for data in spool.follow(start)]) == DATA[start:]
    monkeypatch.setattr(spool_module, "HELD_BYTES", len(DATA) - 1)
    long = Spool(spool.path, 2)
    await long.write(DATA)
    long.complete()
    await long.abandon()
    with pytest.raises(FileNotFoundError):
        await long.follow().__anext__()


async def test_waiting_for_bytes_ends_with_them_or_with_the_take(spool: Spool) -> None:
    reached: list[int] = []

    async def wait(num_bytes: int) -> None:
        await spool.reached(num_bytes)
        reached.append(num_bytes)

    async with anyio.create_task_group() as tasks:
        for num_bytes in (3, 6, 7):
            tasks.start_soon(wait, num_bytes)
        tasks.start_soon(spool.completed)
        await spool.write(DATA[:3])
        await anyio.wait_all_tasks_blocked()
        assert reached == [3]
        await spool.write(DATA[3:])
        await anyio.wait_all_tasks_blocked()
        assert reached == [3, 6]
        spool.complete()
    assert reached == [3, 6, 7]


async def test_a_file_that_is_there_already_is_nobodys_take(spool: Spool) -> None:
    spool.path.write_bytes(b"another")
    with pytest.raises(FileExistsError):
        await spool.write(LONG)
    assert (spool.path.read_bytes(), spool.num_bytes) == (b"another", 0)
    await spool.write(DATA)
    spool.complete()
    with pytest.raises(FileExistsError):
        await to_thread.run_sync(spool.save)
    await spool.abandon()
    assert spool.path.read_bytes() == b"another"


class CrowdedFile(FileIO):
    """A file on a disk that has only so much room."""

    room = 0

    def write(self, data: "ReadableBuffer") -> int:
        if not self.room:
            raise OSError(errno.ENOSPC, "No space left on device")
        written = super().write(memoryview(data)[: self.room])
        self.room -= written
        return written


async def test_a_full_disk_ends_a_take_and_everyone_is_told(spool: Spool) -> None:
    spool._file = disk = CrowdedFile(spool.path, "x")
    disk.room = 8
    await spool.write(DATA)
    following = spool.follow()
    assert await anext(following) == DATA
    with pytest.raises(OSError, match="No space left"):
        await spool.write(DATA)
    # What was there of it is not read.
    assert spool.num_bytes == len(DATA)
    await spool.abandon()
    with pytest.raises(SpoolAbandoned):
        await anext(following)
    assert not spool.path.exists()


async def test_once_a_disk_has_room_again_a_take_goes_on_where_it_was(spool: Spool) -> None:
    spool._file = disk = CrowdedFile(spool.path, "x")
    disk.room = 8
    await spool.write(DATA)
    with pytest.raises(OSError, match="No space left"):
        await spool.write(b"lost, all of it")
    disk.room = 100
    await spool.write(DATA)
    spool.complete()
    assert (await read(spool)).data == DATA * 2


async def test_what_was_held_when_the_disk_was_full_is_written_when_it_has_room(
    spool: Spool,
) -> None:
    await spool.write(DATA)
    spool._file = disk = CrowdedFile(spool.path, "x")
    disk.room = len(DATA) + 1
    with pytest.raises(OSError, match="No space left"):
        await spool.write(b"lost, all of it")
    disk.room = 100
    await spool.write(DATA)
    spool.complete()
    assert (spool.path.read_bytes(), (await read(spool)).data) == (DATA * 2, DATA * 2)


async def test_who_keeps_up_asks_the_disk_for_nothing(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    await spool.write(DATA)
    following = spool.follow()
    assert await anext(following) == DATA
    with monkeypatch.context() as patches:
        patches.setattr(os, "pread", None)
        for _ in range(3):
            await spool.write(DATA)
            assert await anext(following) == DATA
    # Who is far behind does.
    monkeypatch.setattr(spool_module, "READ_BYTES", 4)
    monkeypatch.setattr(spool_module, "HELD_BYTES", 4)
    for _ in range(3):
        await spool.write(DATA)
    spool.complete()
    assert b"".join([data async for data in following]) == DATA * 3
