"""Voices of a Hub that a real server plays: what every store promises of reading, and no more."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from anyio import to_thread

from protocol.codes import ErrorCode
from protocol.messages import Reference
from server.errors import RequestError
from server.setting_checks import SettingsError
from server.voices.folder import FolderVoiceStore
from server.voices.hub_snapshot import HubSnapshot
from server.voices.hub_store import HubVoiceStore
from server.voices.recordings import RecordingCache
from server.voices.store import StoredVoice, VoiceStore, VoicesUnreachable
from tests.helpers.fake_hub import COMMIT, GATED, REPOSITORY, FakeHub, serving_hub
from tests.server.voices.store_conformance import VoiceStoreConformance, reference, voice

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["asyncio", pytest.param("trio", marks=pytest.mark.slow)])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    monkeypatch.setenv("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    (tmp_path / "repository").mkdir()
    with serving_hub(tmp_path / "repository") as hub:
        store_of(hub)  # It loads the library, as a server does before it has a loop.
        yield hub


def store_of(hub: FakeHub, source: str = f"{REPOSITORY}@{COMMIT}") -> HubVoiceStore:
    cache = RecordingCache(hub.folder.parent / "cache")
    return HubVoiceStore(HubSnapshot(source, hub.url), cache)


class Curated:
    """Voices that somebody keeps in a folder, and uploads at once; whoever reads them does so anew.

    A repository at one commit never changes, so that each answer is asked of a store of its own.
    """

    def __init__(self, hub: FakeHub, kept: FolderVoiceStore) -> None:
        self._hub = hub
        self._kept = kept

    async def check(self, voice_id: str, num_bytes: int) -> None:
        await self._kept.check(voice_id, num_bytes)

    async def add(self, voice: StoredVoice, reference: Reference) -> None:
        await self._kept.add(voice, reference)

    async def voices(self) -> list[StoredVoice]:
        return await store_of(self._hub).voices()

    async def find(self, voice_id: str) -> StoredVoice:
        return await store_of(self._hub).find(voice_id)

    async def reference(self, voice: StoredVoice) -> Reference:
        return await store_of(self._hub).reference(voice)

    async def update(self, voice: StoredVoice) -> None:
        await self._kept.update(voice)

    async def remove(self, voice_id: str) -> None:
        await self._kept.remove(voice_id)


class TestHubVoiceStore(VoiceStoreConformance):
    @pytest.fixture(autouse=True)
    def _hub(self, hub: FakeHub) -> None:
        self.hub = hub

    def reopened(self) -> VoiceStore:
        kept = FolderVoiceStore(
            self.hub.folder, max_voices=self.MAX_VOICES, max_bytes=self.MAX_BYTES
        )
        return Curated(self.hub, kept)


async def test_nothing_is_kept_in_a_repository(hub: FakeHub) -> None:
    await FolderVoiceStore(hub.folder).add(voice("anna"), reference())
    store = store_of(hub)
    for ask in (
        *(store.check("b", 1), store.add(voice("b"), reference())),
        *(store.update(voice("anna")), store.remove("anna")),
    ):
        with pytest.raises(RequestError, match=REPOSITORY) as refused:
            await ask
        assert refused.value.code is ErrorCode.UNSUPPORTED
    assert await store.voices() == [voice("anna")]


async def test_a_branch_is_pinned_when_it_is_first_looked_at(hub: FakeHub) -> None:
    kept, store = FolderVoiceStore(hub.folder), store_of(hub, REPOSITORY)
    await kept.add(voice("anna"), reference())
    assert await store.voices() == [voice("anna")]
    await kept.add(voice("berta"), reference())
    assert await store.voices() == [voice("anna")]


async def test_recordings_come_when_they_are_spoken_with_and_once(hub: FakeHub) -> None:
    await FolderVoiceStore(hub.folder).add(voice("anna"), reference())
    store = store_of(hub)
    await store.voices()
    assert hub.sent == ["anna/voice.json"]
    for _ in range(2):
        assert await store.reference(voice("anna")) == reference()
    assert hub.sent == ["anna/voice.json", "anna/audio"]
    assert await store_of(hub).reference(voice("anna")) == reference()
    assert hub.sent.count("anna/audio") == 1


async def test_what_is_no_voice_is_left_out_with_a_warning(
    hub: FakeHub, caplog: pytest.LogCaptureFixture
) -> None:
    kept = FolderVoiceStore(hub.folder)
    for name in ("anna", "berta", "clara"):
        await kept.add(voice(name), reference())
    (hub.folder / "anna" / "audio").unlink()
    (hub.folder / "berta" / "voice.json").write_text("[")
    (hub.folder / "README.md").write_text("of voices")
    assert await store_of(hub).voices() == [voice("clara")]
    assert "damaged: anna" in caplog.text
    assert "damaged: berta" in caplog.text


@pytest.mark.parametrize("source", [f"{REPOSITORY}@nowhere", "some/other", GATED])
async def test_a_repository_that_cannot_be_read_is_no_empty_one_and_is_asked_again(
    hub: FakeHub, source: str, caplog: pytest.LogCaptureFixture
) -> None:
    await FolderVoiceStore(hub.folder).add(voice("anna"), reference())
    store = store_of(hub, source)
    for _ in range(2):
        with pytest.raises(RequestError) as refused:
            await store.find("anna")
        assert refused.value.code is ErrorCode.INTERNAL
    assert "cannot be reached" in caplog.text


async def test_a_hub_that_is_away_is_an_answer_and_is_asked_again(hub: FakeHub) -> None:
    await FolderVoiceStore(hub.folder).add(voice("anna"), reference())
    store = store_of(hub)
    hub.is_away = True
    with pytest.raises(VoicesUnreachable):
        await store.voices()
    hub.is_away = False
    assert await store.voices() == [voice("anna")]


async def test_a_recording_that_has_gone_or_is_another_is_not_spoken_with(hub: FakeHub) -> None:
    await FolderVoiceStore(hub.folder).add(voice("anna"), reference())
    store = store_of(hub)
    await store.voices()
    (hub.folder / "anna" / "audio").write_bytes(b"another")
    with pytest.raises(RequestError) as refused:
        await store.reference(voice("anna"))
    assert refused.value.code is ErrorCode.UNKNOWN_VOICE
    await to_thread.run_sync(shutil.rmtree, hub.folder / "anna")
    with pytest.raises(RequestError):
        await store.reference(voice("anna"))


@pytest.mark.parametrize("source", ["", "name", "owner/name/more", "owner/name@", "../a"])
def test_what_is_no_repository_is_refused_at_the_start(source: str) -> None:
    with pytest.raises(SettingsError, match="owner/name"):
        HubSnapshot(source)


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(SettingsError, match=r'pip install "voxline\[hub\]"'):
        HubSnapshot(REPOSITORY)
