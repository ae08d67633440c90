"""Audio in a folder: what every store promises, and what can go wrong on a disk."""

import errno
import os
import time
from collections.abc import Callable
from pathlib import Path

import anyio
import pytest

from server.jobs import audio_file, folder_store
from server.jobs.folder_store import FolderAudioStore
from server.jobs.spool import Spool
from server.jobs.store import AudioMissing, AudioStore, StoreFailed
from tests.server.jobs.store_contract import KEY, MEDIA_TYPE, AudioStoreContract, audio, everything

pytestmark = pytest.mark.anyio


@pytest.fixture
def virtual_time() -> bool:
    return False  # a disk is read in threads


def files_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


class TestFolderAudioStore(AudioStoreContract):
    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path / "data" / "audio"

    def reopened(self) -> AudioStore:
        return FolderAudioStore(self.folder)

    def leftovers(self) -> list[str]:
        return [name for name in files_in(self.folder) if not name.startswith("a-job/")]

    async def test_it_is_named_for_its_format_and_has_no_address(self) -> None:
        await self.landed(b"data")
        assert files_in(self.folder) == [KEY]
        assert await self.reopened().url(KEY, MEDIA_TYPE) is None


class TestAcrossFilesystems(TestFolderAudioStore):
    """The same, of spools from which no link can lead to the folder."""

    @pytest.fixture(autouse=True)
    def _filesystems(self, monkeypatch: pytest.MonkeyPatch) -> None:
        link = audio_file.link

        def link_within(source: Path, path: Path, take: int) -> bool:
            if not source.is_relative_to(self.folder):
                raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
            return link(source, path, take)

        monkeypatch.setattr(folder_store, "link", link_within)

    async def test_what_a_process_left_aside_goes_after_an_hour(self) -> None:
        aside = self.folder / ".unfinished"
        aside.mkdir(parents=True)
        for name, age_s in (("old", 4_000), ("new", 3_000)):
            (aside / name).write_bytes(b"half")
            os.utime(aside / name, (0, time.time() - age_s))
        await self.landed(b"data")
        assert files_in(aside) == ["new"]
        (aside / "new").unlink()

    async def test_a_disk_that_fills_up_while_it_is_copied_keeps_nothing(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(folder_store, "sync", _failing(errno.ENOSPC, under=self.folder))
            with pytest.raises(StoreFailed, match="the disk is full"):
                await self.landed(b"data")
        assert files_in(self.folder) == []
        assert (await self.landed(b"data")).is_first


def _failing(error: int, under: Path) -> Callable[[Path], None]:
    def fail(path: Path) -> None:
        if path.is_relative_to(under):
            raise OSError(error, os.strerror(error))

    return fail


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "audio"


@pytest.fixture
async def spool(tmp_path: Path) -> Spool:
    spool = Spool(tmp_path / "spool", 3)
    await spool.write(audio(1_000))
    spool.complete()
    return spool


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (errno.ENOSPC, "the disk is full"),
        (errno.EDQUOT, "quota"),
        (errno.EROFS, "read-only"),
        (errno.EACCES, "may not write"),
        (errno.EIO, "Input/output error"),
    ],
)
async def test_a_disk_that_refuses_is_told_in_words_and_the_spool_can_land_later(
    folder: Path, spool: Spool, monkeypatch: pytest.MonkeyPatch, error: int, words: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(error, os.strerror(error))

    store = FolderAudioStore(folder)
    with monkeypatch.context() as patch:
        patch.setattr(os, "link", fail)
        with pytest.raises(StoreFailed, match=words) as failed:
            await store.land(KEY, spool, MEDIA_TYPE)
    assert str(folder) in str(failed.value)
    assert files_in(folder) == []
    assert (await store.land(KEY, spool, MEDIA_TYPE)).is_first


async def test_audio_is_on_the_disk_before_it_has_its_name_and_that_is_too(
    folder: Path, spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced = []

    def fsync(descriptor: int) -> None:
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        synced.append((path.name, (folder / KEY).exists()))

    monkeypatch.setattr(os, "fsync", fsync)
    await FolderAudioStore(folder).land(KEY, spool, MEDIA_TYPE)
    assert synced == [("spool", False), ("a-job", True), ("audio", True)]


async def test_where_a_disk_keeps_no_attributes_the_take_is_unknown(
    folder: Path, spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP))

    monkeypatch.setattr(os, "setxattr", fail)
    store = FolderAudioStore(folder)
    landing = await store.land(KEY, spool, MEDIA_TYPE)
    assert landing.audio.take == 0
    assert await store.find(KEY) == landing.audio


async def test_looking_makes_no_folder(folder: Path) -> None:
    store = FolderAudioStore(folder)
    with pytest.raises(AudioMissing):
        await store.find(KEY)
    await store.remove(KEY)
    assert files_in(folder.parent) == []


async def test_a_folder_that_cannot_be_read_is_no_empty_one(folder: Path, spool: Spool) -> None:
    await anyio.Path(folder).write_text("a file")
    store = FolderAudioStore(folder)
    for ask in (
        *(store.find(KEY), everything(store, KEY), store.remove(KEY)),
        store.land(KEY, spool, MEDIA_TYPE),
    ):
        with pytest.raises(StoreFailed):
            await ask


async def test_a_landing_waits_for_its_spool(folder: Path, tmp_path: Path) -> None:
    spool = Spool(tmp_path / "growing", 1)
    store = FolderAudioStore(folder)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(store.land, KEY, spool, MEDIA_TYPE)
        for _ in range(3):
            await spool.write(b"abc")
        spool.complete()
    assert await everything(store, KEY) == b"abcabcabc"
