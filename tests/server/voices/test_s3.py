"""Voices in a bucket of moto's server: what every store promises, and what can go wrong there."""

import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import anyio
import pytest

from protocol.codes import ErrorCode
from server.errors import RequestError
from server.s3.bucket import Bucket
from server.s3.client import S3Client, connect
from server.voices import s3_store
from server.voices.recordings import RecordingCache
from server.voices.s3_store import S3VoiceStore
from server.voices.store import StoredVoice, VoiceStore
from tests.helpers.buckets import BRIEF, Buckets, moto_server, settings_of
from tests.server.voices.store_conformance import AUDIO, VoiceStoreConformance, reference, voice

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["asyncio", pytest.param("trio", marks=pytest.mark.slow)])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def buckets() -> Iterator[Buckets]:
    with moto_server() as url:
        yield Buckets(url, is_versioned=False)


@pytest.fixture(scope="module")
def client(buckets: Buckets) -> S3Client:
    return connect(settings_of(buckets.endpoint_url, "any"), BRIEF)


class TestS3VoiceStore(VoiceStoreConformance):
    @pytest.fixture(autouse=True)
    def _bucket(self, buckets: Buckets, client: S3Client, tmp_path: Path) -> None:
        self.buckets, self.name, self.cache = buckets, f"voices-{uuid4()}", tmp_path / "cache"
        buckets.make(self.name)
        settings = settings_of(buckets.endpoint_url, self.name, prefix="a/b")
        self.bucket = Bucket(settings, client)

    def reopened(self) -> VoiceStore:
        return S3VoiceStore(
            self.bucket,
            RecordingCache(self.cache),
            max_voices=self.MAX_VOICES,
            max_bytes=self.MAX_BYTES,
        )

    def keys(self) -> list[str]:
        return [key.removeprefix("a/b/voices/") for key in self.buckets.versions(self.name)]

    async def test_a_voice_is_a_recording_and_what_is_known_of_it_and_goes_with_both(self) -> None:
        await self.reopened().add(voice("anna"), reference())
        assert self.keys() == [f"anna/{voice('anna').digest}", "anna/voice.json"]
        await self.reopened().remove("anna")
        assert self.keys() == []

    async def test_of_many_that_add_an_id_at_once_one_succeeds(self) -> None:
        await super().test_of_many_that_add_an_id_at_once_one_succeeds()
        assert len(self.keys()) == 2

    async def test_a_recording_is_fetched_once(self) -> None:
        await self.reopened().add(voice("anna"), reference())
        assert await self.reopened().reference(voice("anna")) == reference()
        (recording,) = (key for key in self.keys() if not key.endswith(".json"))
        await self.bucket.remove(f"a/b/voices/{recording}")
        assert await self.reopened().reference(voice("anna")) == reference()

    async def test_who_lists_while_a_voice_goes_and_somebody_else_lists_sees_what_there_was(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        store, released = self.reopened(), anyio.Event()
        await store.add(voice("anna"), reference())
        await store.voices()
        await store.add(voice("berta"), reference())
        read, waiting = self.bucket.read, anyio.Event()

        async def read_late(key: str, start: int, length: int) -> bytes:
            if not waiting.is_set():
                waiting.set()
                await released.wait()
            return await read(key, start, length)

        monkeypatch.setattr(self.bucket, "read", read_late)
        listed: list[StoredVoice] = []

        async def list_late() -> None:
            listed.extend(await store.voices())

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(list_late)
            await waiting.wait()
            await store.remove("anna")
            assert await store.voices() == [voice("berta")]
            released.set()
        assert listed == [voice("anna"), voice("berta")]

    @pytest.mark.parametrize(
        ("name", "data"),
        [("voice.json", b"{}"), ("voice.json", b"["), (voice("anna").digest, b"other")],
    )
    async def test_a_damaged_voice_is_not_spoken_with_and_can_be_removed(
        self, name: str, data: bytes, caplog: pytest.LogCaptureFixture
    ) -> None:
        store = self.reopened()
        await store.add(voice("anna"), reference())
        await store.add(voice("berta"), reference())
        await self.bucket.replace(f"a/b/voices/anna/{name}", lambda: data)
        with pytest.raises(RequestError) as refused:
            await store.reference(voice("anna"))
        assert refused.value.code is ErrorCode.UNKNOWN_VOICE
        assert "damaged: anna" in caplog.text
        assert voice("berta") in await store.voices()
        await store.remove("anna")
        await store.add(voice("anna"), reference())

    async def test_what_a_process_that_died_has_recorded_is_no_voice_and_goes_in_time(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        store = self.reopened()
        await self.bucket.put("a/b/voices/anna/0123", lambda: AUDIO)
        assert await store.voices() == []
        await store.add(voice("berta"), reference())
        assert "anna/0123" in self.keys()
        monkeypatch.setattr(s3_store, "_ABANDONED_S", 0)
        await store.add(voice("clara"), reference())
        assert "anna/0123" not in self.keys()

    async def test_a_bucket_that_cannot_be_reached_is_no_empty_one(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        gone = Bucket(replace(self.bucket.settings, bucket="gone"), self.bucket.client)
        store = S3VoiceStore(gone, RecordingCache(self.cache))
        for ask in (
            *(store.voices(), store.find("anna"), store.reference(voice("anna"))),
            *(store.add(voice("anna"), reference()), store.check("anna", 1)),
            *(store.update(voice("anna")), store.remove("anna")),
        ):
            with pytest.raises(RequestError) as refused:
                await ask
            assert refused.value.code is ErrorCode.INTERNAL
        assert "no such bucket" in caplog.text
        assert {record.levelno for record in caplog.records if "stored" in record.msg} == {
            logging.WARNING
        }


@pytest.fixture
def cache_folder(tmp_path: Path) -> Path:
    return tmp_path / "cache"


async def test_the_cache_holds_so_many_bytes_of_those_that_were_used_last(
    cache_folder: Path,
) -> None:
    cache = RecordingCache(cache_folder, max_bytes=3 * len(AUDIO))
    kept = [(voice(text, reference(text)), reference(text)) for text in ("a", "b", "c")]
    for each in kept:
        await cache.checked(*each)
    assert await cache.get(kept[0][0], "a") == kept[0][1]
    more = reference("d")
    await cache.checked(voice("d", more), more)
    held = [await cache.get(each, kept.text) is not None for each, kept in kept]
    assert held == [True, False, True]


async def test_a_cache_on_a_disk_that_fails_remembers_nothing_and_no_more(
    cache_folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await anyio.Path(cache_folder).write_text("a file")
    cache = RecordingCache(cache_folder)
    assert await cache.checked(voice("anna"), reference()) == reference()
    assert await cache.get(voice("anna"), reference().text) is None
    assert "not remembered" in caplog.text
