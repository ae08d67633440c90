"""Where voices are kept, by the setting, and who waits for whom while they are made."""

import threading
from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from protocol.codes import ErrorCode
from protocol.messages import Reference
from server.errors import RequestError
from server.keeping import voice_store
from server.keeping_settings import KeepingSettings
from server.setting_checks import SettingsError
from server.voices.cloner import MAX_WAITING
from server.voices.folder import FolderVoiceStore
from server.voices.library import VoiceLibrary
from server.voices.request import NewVoice
from server.voices.store import VoiceStore
from tests.helpers.cloning import LONG_TEXT, CloningRunner, FakeEncoder, decode_at_once
from tests.server.voices.store_conformance import reference, voice

pytestmark = pytest.mark.anyio


@pytest.fixture
def virtual_time() -> bool:
    return False  # a disk is read in threads


def kept_in(data_dir: str) -> VoiceStore:
    return voice_store(KeepingSettings(data_dir=data_dir))


async def test_voices_are_kept_in_the_folder_of_the_setting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    await kept_in("~/kept").add(voice("anna"), reference())
    assert await kept_in(f"{tmp_path}/kept").voices() == [voice("anna")]
    assert (tmp_path / "kept" / "voices" / "anna").is_dir()


async def test_without_a_folder_nothing_is_kept() -> None:
    store = kept_in("")
    with pytest.raises(RequestError) as refused:
        await store.add(voice("anna"), reference())
    assert refused.value.code is ErrorCode.UNSUPPORTED
    assert await store.voices() == []
    for ask in (
        store.find("anna"),
        store.reference(voice("anna")),
        store.update(voice("anna")),
        store.remove("anna"),
    ):
        with pytest.raises(RequestError) as refused:
            await ask
        assert refused.value.code is ErrorCode.UNKNOWN_VOICE


async def test_a_stored_voice_waits_for_no_recording_that_somebody_sends(tmp_path: Path) -> None:
    library = VoiceLibrary(FolderVoiceStore(tmp_path), decode_at_once)
    await library.store.add(voice("anna"), reference())
    held = threading.Event()
    slow, fast = CloningRunner(FakeEncoder(held)), CloningRunner(FakeEncoder())
    async with anyio.create_task_group() as tasks:
        for number in range(1 + MAX_WAITING):
            sent = Reference(b"a recording", f"Text {number}.")
            tasks.start_soon(library.clone, [sent], slow.info)
        await anyio.wait_all_tasks_blocked()
        with anyio.fail_after(5):
            (made,) = await library.clone([voice("anna")], fast.info)
            assert made.text == reference().text
        held.set()


async def test_a_voice_that_was_made_is_not_read_again(tmp_path: Path) -> None:
    library = VoiceLibrary(FolderVoiceStore(tmp_path), decode_at_once)
    encoder = FakeEncoder()
    model = CloningRunner(encoder).info
    await library.add(NewVoice("anna", "Anna", reference()), model)
    (tmp_path / "anna" / "audio").write_bytes(b"something else")
    (made,) = await library.clone([voice("anna")], model)
    assert made.text == reference().text
    assert len(encoder.encoded) == 1


async def test_recordings_that_leave_no_room_together_are_unsupported_as_one_voice() -> None:
    library = VoiceLibrary(decode=decode_at_once)
    model = CloningRunner(FakeEncoder()).info
    long, short = Reference(b"a recording", LONG_TEXT), Reference(b"a recording", "Short.")
    assert len(await library.clone([long], model)) == 1
    with pytest.raises(RequestError) as refused:
        await library.clone([short, long], model)
    assert refused.value.code is ErrorCode.UNSUPPORTED


def test_a_home_that_nobody_knows_is_an_error_of_the_setting() -> None:
    with pytest.raises(SettingsError, match="data_dir"):
        kept_in("~nobody-of-this-name/kept")


async def test_a_voice_says_when_it_was_made_and_when_what_is_told_of_it_changed(
    tmp_path: Path,
) -> None:
    times = iter([10.0, 20.0, 30.0])
    store = FolderVoiceStore(tmp_path)
    library = VoiceLibrary(store, decode_at_once, lambda: next(times))
    model = CloningRunner(FakeEncoder()).info
    made = await library.add(NewVoice("anna", None, reference()), model)
    assert (made.name, made.created_s, made.updated_s) == ("anna", 10.0, 10.0)
    told = await library.change("anna", lambda voice: replace(voice, name="Anne"), model)
    assert told == replace(made, name="Anne", updated_s=20.0)
    assert await store.find("anna") == told
    renamed = await library.rename("anna", "berta", model)
    assert renamed == replace(told, id="berta", updated_s=30.0)
    assert await store.voices() == [renamed]
    assert await store.reference(renamed) == reference()


async def test_a_voice_that_cannot_have_its_new_id_keeps_the_old_one(tmp_path: Path) -> None:
    library = VoiceLibrary(FolderVoiceStore(tmp_path, max_voices=2), decode_at_once)
    model = CloningRunner(FakeEncoder()).info
    for name in ("anna", "berta"):
        await library.store.add(voice(name), reference())
    for new_id, code in (
        ("tone", ErrorCode.BAD_STATE),
        ("berta", ErrorCode.BAD_STATE),
        ("carla", ErrorCode.QUOTA),
    ):
        with pytest.raises(RequestError) as refused:
            await library.rename("anna", new_id, model)
        assert refused.value.code is code
    assert await library.store.voices() == [voice("anna"), voice("berta")]
