"""What was kept for long enough is removed, audio and all; nothing else ever is."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import pytest

from server.jobs import retention
from server.jobs.folder_store import FolderAudioStore
from server.jobs.job import JobRecord
from server.jobs.limits import RETENTION_S
from server.jobs.retention import Retention
from server.jobs.store import StoreFailed
from tests.helpers.asking import ask
from tests.helpers.jobs import TIMEOUT_S, Kept, keeping

pytestmark = pytest.mark.anyio

TEXT = "Fifteen or so."


@pytest.fixture
def virtual_time() -> bool:
    return False  # the database has a thread of its own


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class TroubledStore(FolderAudioStore):
    """Does not remove some of what it keeps."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.stuck: set[str] = set()
        self.before_removing: Callable[[str], Any] | None = None

    async def remove(self, key: str) -> None:
        if self.before_removing is not None:
            await self.before_removing(key)
        if key.partition("/")[0] in self.stuck:
            raise StoreFailed("it may not be removed")
        await super().remove(key)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TroubledStore:
    monkeypatch.setattr(retention, "LOOK_S", 0.02)
    return TroubledStore(tmp_path / "audio")


@asynccontextmanager
async def passing(
    kept: Kept, store: TroubledStore, seconds: float = RETENTION_S
) -> AsyncIterator[None]:
    """Remove what is old inside the block, in which it is `seconds` from now."""
    now = time.time() + seconds
    desk = replace(kept.desk, store=store, clock=lambda: now)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(Retention(desk).run)
        yield
        tasks.cancel_scope.cancel()


async def stored(kept: Kept, count: int) -> list[str]:
    ids = [await kept.accepted(text=TEXT) for _ in range(count)]
    for job_id in ids:
        await kept.until(job_id, "stored")
    return ids


async def listed(kept: Kept) -> set[str]:
    return {each["id"] for each in (await ask(kept.app, "GET", "/v1/notes")).fields["notes"]}


async def until_listed(kept: Kept, *job_ids: str) -> None:
    with anyio.fail_after(TIMEOUT_S):
        while await listed(kept) != set(job_ids):  # noqa: ASYNC110 polled
            await anyio.sleep(0.01)


def audio(folder: Path) -> set[str]:
    return {path.parent.name for path in (folder / "audio").glob("*/*")}


async def test_what_is_old_goes_with_its_audio_and_what_waits_stays(
    tmp_path: Path, store: TroubledStore
) -> None:
    async with keeping(tmp_path) as kept:
        ids = await stored(kept, 3)
    async with keeping(tmp_path, role="calls") as kept:
        waiting = await kept.accepted(text=TEXT)
        async with passing(kept, store, RETENTION_S - 60):
            await anyio.sleep(0.1)
        assert await listed(kept) == {*ids, waiting}
        assert audio(tmp_path) == set(ids)
        async with passing(kept, store):
            await until_listed(kept, waiting)
        assert not audio(tmp_path)


@pytest.mark.parametrize(("group", "num_stuck"), [(2, 1), (2, 2), (2, 4), (500, 1)])
async def test_audio_that_cannot_be_removed_holds_up_nothing_else(
    tmp_path: Path,
    store: TroubledStore,
    monkeypatch: pytest.MonkeyPatch,
    group: int,
    num_stuck: int,
) -> None:
    monkeypatch.setattr(retention, "GROUP", group)
    async with keeping(tmp_path) as kept:
        ids = await stored(kept, 5)
        # The oldest, which every look comes to first: also whole groups of them.
        oldest = sorted([await kept.desk.queue.find(each) for each in ids], key=_ended_at)
        store.stuck = {record.job.id for record in oldest[:num_stuck]}
        async with passing(kept, store):
            await until_listed(kept, *store.stuck)
            assert audio(tmp_path) == store.stuck
            store.stuck = set()
            await until_listed(kept)
        assert not audio(tmp_path)


def _ended_at(record: JobRecord) -> float:
    assert record.status.ended_at is not None
    return record.status.ended_at


async def test_what_is_sent_again_meanwhile_is_kept(tmp_path: Path, store: TroubledStore) -> None:
    async with keeping(tmp_path, role="calls") as kept:
        first, second = [await kept.accepted(text=TEXT) for _ in range(2)]
        for job_id in (first, second):
            await ask(kept.app, "DELETE", f"/v1/notes/{job_id}")
    async with keeping(tmp_path) as kept:

        async def send_again(key: str) -> None:
            # Both are listed as old, and the first is on its way out.
            store.before_removing = None
            assert key.startswith(first)
            await ask(kept.app, "POST", f"/v1/notes/{second}/retry")
            await kept.until(second, "stored")

        store.before_removing = send_again
        # What ends from now on is not old yet.
        async with passing(kept, store):
            await until_listed(kept, second)
        assert audio(tmp_path) == {second}


async def test_what_somebody_removes_cannot_be_made_again_meanwhile(
    tmp_path: Path, store: TroubledStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.keeping.FolderAudioStore", lambda _: store)
    async with keeping(tmp_path, role="calls") as kept:
        path = f"/v1/notes/{await kept.accepted(text=TEXT)}"
        await ask(kept.app, "DELETE", path)
        refusals = []

        async def send_again(_: str) -> None:
            # Its audio could land before it is removed, and be said to be there afterwards.
            refusals.append((await ask(kept.app, "POST", f"{path}/retry")).refusal)

        store.before_removing = send_again
        assert (await ask(kept.app, "DELETE", path)).status == 204
        assert refusals == [(409, "bad_state")]
