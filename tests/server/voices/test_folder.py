"""Voices in a folder: what every store promises, and what can go wrong on a disk."""

import errno
import json
import logging
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from protocol.codes import ErrorCode
from server.errors import RequestError
from server.voices.folder import FolderVoiceStore
from server.voices.store import VoiceStore, VoicesUnreachable
from tests.server.voices.store_conformance import VoiceStoreConformance, reference, voice

pytestmark = pytest.mark.anyio


@pytest.fixture
def virtual_time() -> bool:
    return False  # a disk is read in threads


class TestFolderVoiceStore(VoiceStoreConformance):
    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path / "data" / "voices"

    def reopened(self) -> VoiceStore:
        return FolderVoiceStore(self.folder, max_voices=self.MAX_VOICES, max_bytes=self.MAX_BYTES)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def test_looking_for_voices_makes_no_folder(folder: Path) -> None:
    store = FolderVoiceStore(folder / "voices")
    assert await store.voices() == []
    with pytest.raises(RequestError):
        await store.find("anna")
    with pytest.raises(RequestError):
        await store.remove("anna")
    assert names_in(folder) == []


def _without_audio(path: Path) -> None:
    (path / "audio").unlink()


def _without_text(path: Path) -> None:
    about = json.loads((path / "voice.json").read_text())
    del about["text"]
    (path / "voice.json").write_text(json.dumps(about))


def _with_field(path: Path, field: str) -> None:
    _with(path, **{field: "\ud800"})


def _with(path: Path, **fields: object) -> None:
    about = json.loads((path / "voice.json").read_text())
    (path / "voice.json").write_text(json.dumps(about | fields))


def _with_a_pipe(path: Path) -> None:
    (path / "voice.json").unlink()
    os.mkfifo(path / "voice.json")


def _with_a_link(path: Path) -> None:
    path.rename(path.parent / ".elsewhere")
    path.symlink_to(path.parent / ".elsewhere")


def _looping(path: Path) -> None:
    path.unlink()
    path.symlink_to(path)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "no audio": _without_audio,
    "no description": lambda path: (path / "voice.json").unlink(),
    "half a description": lambda path: os.truncate(path / "voice.json", 20),
    "no text in it": _without_text,
    "a number in it": lambda path: (path / "voice.json").write_text('{"name": 1}'),
    "a list": lambda path: (path / "voice.json").write_text("[]"),
    "bytes": lambda path: (path / "voice.json").write_bytes(b"\xff\xfe"),
    "depth": lambda path: (path / "voice.json").write_text("[" * 100_000),
    "half a pair in its name": lambda path: _with_field(path, "name"),
    "half a pair in its text": lambda path: _with_field(path, "text"),
    "half a pair in a tag": lambda path: _with(path, tags=["\ud800"]),
    "a tag alone": lambda path: _with(path, tags="female"),
    "a number for a description": lambda path: _with(path, description=1),
    "a word for a time": lambda path: _with(path, created_s="today"),
    "a time before there were any": lambda path: _with(path, created_s=-1),
    "a time that never comes": lambda path: _with(path, updated_s=float("inf")),
    "a lexicon that is none": lambda path: _with(path, lexicon=["a"]),
    "a link": _with_a_link,
    "a pipe": _with_a_pipe,
    "a description that leads nowhere": lambda path: _looping(path / "voice.json"),
    "audio that leads nowhere": lambda path: _looping(path / "audio"),
    "gigabytes": lambda path: os.truncate(path / "voice.json", 4 << 30),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
async def test_a_damaged_voice_is_left_out_with_a_warning_and_can_be_removed(
    folder: Path, damage: Callable[[Path], object], caplog: pytest.LogCaptureFixture
) -> None:
    store = FolderVoiceStore(folder)
    await store.add(voice("anna"), reference())
    await store.add(voice("berta"), reference())
    damage(folder / "anna")
    assert await store.voices() == [voice("berta")]
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "anna" in caplog.text
    with pytest.raises(RequestError) as refused:
        await store.reference(voice("anna"))
    assert refused.value.code is ErrorCode.UNKNOWN_VOICE
    await store.remove("anna")
    assert [name for name in names_in(folder) if name.startswith(".unfinished")] == []
    await store.add(voice("anna"), reference())


async def test_audio_that_is_not_what_was_stored_is_not_spoken_with(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = FolderVoiceStore(folder)
    await store.add(voice("anna"), reference())
    (folder / "anna" / "audio").write_bytes(b"something else")
    with pytest.raises(RequestError) as refused:
        await store.reference(voice("anna"))
    assert refused.value.code is ErrorCode.UNKNOWN_VOICE
    assert "digest" in caplog.text


async def test_a_file_where_a_voice_would_be_is_no_voice(folder: Path) -> None:
    store = FolderVoiceStore(folder)
    (folder / "notes.txt").write_text("mine")
    assert await store.voices() == []
    with pytest.raises(RequestError) as refused:
        await store.add(voice("notes.txt"), reference())
    assert refused.value.code is ErrorCode.BAD_STATE


async def test_what_is_in_the_way_of_a_voice_is_told_before_its_recording_is_encoded(
    folder: Path,
) -> None:
    store = FolderVoiceStore(folder)
    (folder / "file").write_text("mine")
    (folder / "folder").mkdir()
    (folder / "folder" / "precious").write_text("mine")
    (folder / "link").symlink_to(folder / "nowhere")
    for name in names_in(folder):
        with pytest.raises(RequestError) as refused:
            await store.check(name, 1)
        assert refused.value.code is ErrorCode.BAD_STATE
    (folder / "empty").mkdir()
    await store.check("empty", 1)
    await store.remove("link")
    assert names_in(folder) == ["empty", "file", "folder"]


async def test_what_is_no_voice_is_not_removed(folder: Path) -> None:
    store = FolderVoiceStore(folder)
    (folder / "notes.txt").write_text("mine")
    (folder / "backup").mkdir()
    (folder / "backup" / "precious").write_text("mine")
    for name in names_in(folder):
        with pytest.raises(RequestError) as refused:
            await store.remove(name)
        assert refused.value.code is ErrorCode.UNKNOWN_VOICE
    assert names_in(folder) == ["backup", "notes.txt"]


async def test_a_voice_of_an_earlier_version_was_made_when_it_was_stored(folder: Path) -> None:
    store = FolderVoiceStore(folder)
    await store.add(voice("anna"), reference())
    about = {"name": voice("anna").name, "text": reference().text, "digest": voice("anna").digest}
    (folder / "anna" / "voice.json").write_text(json.dumps(about))
    os.utime(folder / "anna" / "audio", (7.5, 7.5))
    found = await store.find("anna")
    assert found == replace(voice("anna"), created_s=7.5, updated_s=7.5)
    assert await store.reference(found) == reference()
    await store.update(replace(found, updated_s=8.0))
    assert await store.find("anna") == replace(voice("anna"), created_s=7.5, updated_s=8.0)


async def test_what_a_later_version_tells_of_a_voice_is_kept_by_an_update(folder: Path) -> None:
    store = FolderVoiceStore(folder)
    await store.add(voice("anna"), reference())
    _with(folder / "anna", mood={"today": "cheerful"})
    await store.update(replace(await store.find("anna"), name="Anne"))
    about = json.loads((folder / "anna" / "voice.json").read_text())
    assert (about["name"], about["mood"]) == ("Anne", {"today": "cheerful"})


async def test_an_update_that_nobody_could_read_leaves_what_was_there(folder: Path) -> None:
    store = FolderVoiceStore(folder)
    await store.add(voice("anna"), reference())
    about = json.loads((folder / "anna" / "voice.json").read_text())
    about["mood"] = "ü" * 400_000
    written = json.dumps(about, ensure_ascii=False).encode()
    (folder / "anna" / "voice.json").write_bytes(written)
    with pytest.raises(RequestError) as refused:
        await store.update(replace(await store.find("anna"), name="Anne"))
    assert refused.value.code is ErrorCode.QUOTA
    assert (folder / "anna" / "voice.json").read_bytes() == written


async def test_an_update_that_is_cut_short_leaves_what_was_there(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = FolderVoiceStore(folder)
    await store.add(voice("anna"), reference())
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", _failing(errno.ENOSPC))
        with pytest.raises(RequestError) as refused:
            await store.update(replace(voice("anna"), name="Anne"))
    assert refused.value.code is ErrorCode.QUOTA
    assert await store.find("anna") == voice("anna")
    assert names_in(folder) == ["anna"]
    assert names_in(folder / "anna") == ["audio", "voice.json"]


def _failing(error: int) -> Callable[..., object]:
    def fail(*_: object, **__: object) -> object:
        raise OSError(error, os.strerror(error))

    return fail


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errno.ENOSPC, ErrorCode.QUOTA),
        (errno.EDQUOT, ErrorCode.QUOTA),
        (errno.EROFS, ErrorCode.INTERNAL),
    ],
)
async def test_a_write_that_fails_leaves_nothing_and_says_why(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    error: int,
    code: ErrorCode,
) -> None:
    store = FolderVoiceStore(folder)
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", _failing(error))
        with pytest.raises(RequestError) as refused:
            await store.add(voice("anna"), reference())
    assert refused.value.code is code
    assert [(record.levelno, record.exc_info) for record in caplog.records] == [
        (logging.WARNING, None)
    ]
    assert names_in(folder) == []


async def test_a_voice_is_on_the_disk_before_it_is_in_its_place_and_that_is_too(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced = []

    def fsync(descriptor: int) -> None:
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        synced.append((path.name.partition("-")[0], (folder / "anna").exists()))

    store = FolderVoiceStore(folder)
    monkeypatch.setattr(os, "fsync", fsync)
    await store.add(voice("anna"), reference())
    aside = [("audio", False), ("voice.json", False), (".unfinished", False)]
    assert synced == [*aside, (folder.name.partition("-")[0], True)]


async def test_of_many_that_are_added_at_once_no_more_are_kept_than_may_be(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Two that wrote at once would meet here; one that writes alone soon goes on.
    meeting = threading.Barrier(2, timeout=0.1)

    def meet(_: int) -> None:
        with suppress(threading.BrokenBarrierError):
            meeting.wait()

    store = FolderVoiceStore(folder, max_voices=1)
    monkeypatch.setattr(os, "fsync", meet)
    async with anyio.create_task_group() as tasks:
        for name in ("anna", "berta"):
            tasks.start_soon(_add_if_there_is_room, store, name)
    assert len(names_in(folder)) == 1


async def _add_if_there_is_room(store: VoiceStore, name: str) -> None:
    with suppress(RequestError):
        await store.add(voice(name), reference())


async def test_a_folder_that_cannot_be_read_is_no_empty_one(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "iterdir", _failing(errno.EACCES))
    with pytest.raises(RequestError) as refused:
        await FolderVoiceStore(folder).voices()
    assert refused.value.code is ErrorCode.INTERNAL


@pytest.mark.parametrize("error", [errno.EMFILE, errno.EIO, errno.EACCES])
async def test_a_voice_that_cannot_be_read_for_now_is_not_unknown(
    folder: Path, monkeypatch: pytest.MonkeyPatch, error: int
) -> None:
    store = FolderVoiceStore(folder)
    await store.add(voice("anna"), reference())
    monkeypatch.setattr(Path, "read_bytes", _failing(error))
    for ask in (store.find("anna"), store.reference(voice("anna"))):
        with pytest.raises(VoicesUnreachable):
            await ask


async def test_a_voice_can_be_removed_from_a_full_disk(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = FolderVoiceStore(folder)
    await store.add(voice("anna"), reference())
    with monkeypatch.context() as patch:
        patch.setattr(os, "mkdir", _failing(errno.ENOSPC))
        await store.remove("anna")
    assert names_in(folder) == []


async def test_what_a_process_left_unfinished_is_no_voice_and_goes_after_an_hour(
    folder: Path,
) -> None:
    store = FolderVoiceStore(folder)
    (folder / ".unfinished-old").mkdir()
    (folder / ".unfinished-new").mkdir()
    link = folder / ".unfinished-link"
    link.symlink_to(link)
    os.utime(folder / ".unfinished-old", (0, 0))
    os.utime(link, (0, 0), follow_symlinks=False)
    assert await store.voices() == []
    await store.add(voice("anna"), reference())
    assert names_in(folder) == [".unfinished-new", "anna"]


async def test_a_voice_that_was_stored_before_there_were_lexicons_has_none(folder: Path) -> None:
    store = FolderVoiceStore(folder)
    await store.add(voice("anna"), reference())
    about = json.loads((folder / "anna" / "voice.json").read_text())
    del about["lexicon"]
    (folder / "anna" / "voice.json").write_text(json.dumps(about))
    assert await store.find("anna") == voice("anna")
