"""Landings in a bucket through bad days: each take once, and nothing beside it."""

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import anyio
import httpx
import pytest
from anyio import to_thread

from server.jobs.s3.store import S3AudioStore
from server.jobs.spool import Spool, SpoolAbandoned
from server.jobs.store import AudioMissing, Landing, StoreFailed
from server.s3.bucket import Bucket
from server.s3.client import S3Client, connect
from server.s3.settings import S3Settings
from server.s3.upload import PART_BYTES
from tests.helpers.buckets import BRIEF, Buckets, moto_server, settings_of
from tests.helpers.fault_proxy import Fault, fault_proxy
from tests.server.jobs.store_contract import KEY, MEDIA_TYPE, audio, everything

pytestmark = pytest.mark.anyio

ADDRESS = f"notes/{KEY}"
SHORT = audio(20_000)
#: Three parts.
LONG = audio(100_000) * (2 * PART_BYTES // 100_000 + 1)
LENGTHS = [pytest.param(SHORT, id="short"), pytest.param(LONG, id="long", marks=pytest.mark.slow)]


@pytest.fixture(params=["asyncio", pytest.param("trio", marks=pytest.mark.slow)])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def buckets() -> Iterator[Buckets]:
    with moto_server() as url:
        yield Buckets(url)


@pytest.fixture(scope="module")
def client(buckets: Buckets) -> S3Client:
    return connect(settings_of(buckets.endpoint_url, "any"), BRIEF)


@pytest.fixture
def settings(buckets: Buckets) -> S3Settings:
    name = f"notes-{uuid4()}"
    buckets.make(name)
    return settings_of(buckets.endpoint_url, name)


@pytest.fixture
def store(settings: S3Settings, client: S3Client) -> S3AudioStore:
    return S3AudioStore(Bucket(settings, client))


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "spool", 3)


async def fill(spool: Spool, data: bytes) -> None:
    await spool.write(data)
    spool.complete()


async def landed(store: S3AudioStore, spool: Spool, data: bytes) -> Landing:
    await fill(spool, data)
    return await store.land(KEY, spool, MEDIA_TYPE)


async def until_uploading(buckets: Buckets, settings: S3Settings) -> None:
    with anyio.fail_after(10):
        while not await to_thread.run_sync(buckets.uploads, settings.bucket):  # noqa: ASYNC110
            await anyio.sleep(0.02)


async def test_a_long_take_is_sent_while_it_is_made(
    store: S3AudioStore, spool: Spool, buckets: Buckets, settings: S3Settings
) -> None:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(store.land, KEY, spool, MEDIA_TYPE)
        await spool.write(LONG[: PART_BYTES + 1])
        await until_uploading(buckets, settings)
        with pytest.raises(AudioMissing):
            await store.find(KEY)
        await fill(spool, LONG[PART_BYTES + 1 :])
    assert await everything(store, KEY) == LONG
    assert buckets.versions(settings.bucket) == [ADDRESS]
    assert buckets.uploads(settings.bucket) == []


@pytest.mark.slow
@pytest.mark.parametrize("num_bytes", [PART_BYTES, PART_BYTES + 1, 2 * PART_BYTES])
async def test_a_take_of_whole_parts_has_no_empty_one(
    store: S3AudioStore, spool: Spool, num_bytes: int
) -> None:
    landing = await landed(store, spool, LONG[:num_bytes])
    assert landing.audio.num_bytes == num_bytes
    assert (await store.find(KEY)) == landing.audio


@pytest.mark.parametrize("how", ["cancelled", "abandoned"])
async def test_a_long_take_that_is_given_up_leaves_no_parts(
    store: S3AudioStore, spool: Spool, buckets: Buckets, settings: S3Settings, how: str
) -> None:
    async def land() -> None:
        with pytest.raises(SpoolAbandoned):
            await store.land(KEY, spool, MEDIA_TYPE)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(land)
        await spool.write(LONG)
        await until_uploading(buckets, settings)
        if how == "cancelled":
            tasks.cancel_scope.cancel()
        else:
            await spool.abandon()
    await spool.abandon()
    assert buckets.uploads(settings.bucket) == []
    assert buckets.versions(settings.bucket) == []


@pytest.mark.slow
async def test_of_long_takes_that_land_at_once_one_stays_and_nothing_beside_it(
    store: S3AudioStore, tmp_path: Path, buckets: Buckets, settings: S3Settings
) -> None:
    landings: list[Landing] = []

    async def land(take: int) -> None:
        spool = Spool(tmp_path / f"take-{take}", take)
        landings.append(await landed(store, spool, LONG[: PART_BYTES + take]))

    async with anyio.create_task_group() as tasks:
        for take in range(1, 5):
            tasks.start_soon(land, take)
    assert [landing.is_first for landing in landings].count(True) == 1
    (kept,) = {landing.audio for landing in landings}
    assert kept.num_bytes == PART_BYTES + kept.take
    assert buckets.versions(settings.bucket) == [ADDRESS]
    assert buckets.uploads(settings.bucket) == []


async def test_what_a_process_that_died_has_begun_goes_when_its_take_lands_at_last(
    store: S3AudioStore, spool: Spool, buckets: Buckets, settings: S3Settings
) -> None:
    buckets.client.create_multipart_upload(Bucket=settings.bucket, Key=ADDRESS)
    buckets.client.create_multipart_upload(Bucket=settings.bucket, Key="notes/other.mp3")
    await landed(store, spool, LONG)
    assert buckets.uploads(settings.bucket) == ["notes/other.mp3"]


@pytest.mark.parametrize("data", LENGTHS)
async def test_audio_is_kept_as_the_settings_say(
    settings: S3Settings, client: S3Client, spool: Spool, buckets: Buckets, data: bytes
) -> None:
    settings = replace(
        settings,
        prefix="voxline/eu",
        encryption="aws:kms",
        kms_key="alias/voices",
        storage_class="STANDARD_IA",
    )
    await landed(S3AudioStore(Bucket(settings, client)), spool, data)
    head = buckets.client.head_object(Bucket=settings.bucket, Key=f"voxline/eu/{ADDRESS}")
    assert head["ServerSideEncryption"] == "aws:kms"
    assert head["SSEKMSKeyId"] == "alias/voices"
    assert head["StorageClass"] == "STANDARD_IA"
    assert head["ContentType"] == MEDIA_TYPE
    assert head["Metadata"]["take"] == "3"


async def test_a_client_reads_from_the_store_by_an_address_with_a_short_life(
    store: S3AudioStore, spool: Spool
) -> None:
    await landed(store, spool, SHORT)
    url = await store.url(KEY, "audio/x-special")
    assert url is not None
    assert "X-Amz-Expires=900" in url
    async with httpx.AsyncClient() as http:
        answer = await http.get(url, headers={"Range": "bytes=10-19"})
    assert answer.content == SHORT[10:20]
    assert answer.headers["Content-Type"] == "audio/x-special"


@pytest.mark.parametrize("data", LENGTHS)
@pytest.mark.parametrize("fault", [Fault.OVERLOADED, Fault.STALLED, Fault.RESET, Fault.LOST_ANSWER])
async def test_a_landing_survives_a_bad_day_and_is_there_once(
    settings: S3Settings, spool: Spool, buckets: Buckets, fault: Fault, data: bytes
) -> None:
    async with fault_proxy(settings.endpoint_url) as proxy:
        store = await _store_behind(proxy.url, settings)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(store.land, KEY, spool, MEDIA_TYPE)
            await spool.write(data[: len(data) // 2])
            if data is LONG:
                await until_uploading(buckets, settings)
            proxy.plant(fault)
            await fill(spool, data[len(data) // 2 :])
        assert proxy.num_planted == 0
    assert await everything(S3AudioStore(Bucket(settings, buckets.client)), KEY) == data
    assert buckets.versions(settings.bucket) == [ADDRESS]
    assert buckets.uploads(settings.bucket) == []


async def test_a_landing_that_fails_for_good_says_why_and_lands_when_the_cause_is_gone(
    settings: S3Settings, tmp_path: Path
) -> None:
    spool = Spool(tmp_path / "spool", 1)
    await fill(spool, SHORT)
    async with fault_proxy(settings.endpoint_url) as proxy:
        store = await _store_behind(proxy.url, settings)
        proxy.plant(*[Fault.EXPIRED] * 10)
        with pytest.raises(StoreFailed, match="credentials have expired"):
            await store.land(KEY, spool, MEDIA_TYPE)
        # What has no body to say so is not guessed to be the object that is missing.
        with pytest.raises(StoreFailed, match="may have expired"):
            await store.find(KEY)
        proxy.heal()
        assert (await store.land(KEY, spool, MEDIA_TYPE)).is_first


async def test_a_bucket_that_is_gone_is_not_taken_for_missing_audio(
    settings: S3Settings, client: S3Client, spool: Spool
) -> None:
    store = S3AudioStore(Bucket(replace(settings, bucket="gone"), client))
    await fill(spool, SHORT)
    for ask in (
        *(store.land(KEY, spool, MEDIA_TYPE), store.find(KEY)),
        *(everything(store, KEY), store.remove(KEY)),
    ):
        with pytest.raises(StoreFailed, match="gone: there is no such bucket"):
            await ask


async def test_a_store_that_is_not_there_is_told_of(settings: S3Settings) -> None:
    store = await _store_behind("http://127.0.0.1:9", settings)
    with pytest.raises(StoreFailed, match="cannot be reached"):
        await store.find(KEY)


async def test_credentials_that_nobody_has_are_told_of(
    settings: S3Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    store = await _store_behind(settings.endpoint_url, settings)
    for ask in (store.find(KEY), store.url(KEY, MEDIA_TYPE)):
        with pytest.raises(StoreFailed, match="no credentials"):
            await ask


async def test_whoever_is_cancelled_waits_for_one_try_of_a_stalled_store_at_most(
    settings: S3Settings, spool: Spool
) -> None:
    await fill(spool, SHORT)
    async with fault_proxy(settings.endpoint_url) as proxy:
        store = await _store_behind(proxy.url, settings)
        proxy.plant(*[Fault.STALLED] * 10)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(store.land, KEY, spool, MEDIA_TYPE)
            await proxy.met.wait()
            begun = time.monotonic()
            tasks.cancel_scope.cancel()
        # Its try, and one pause.
        assert time.monotonic() - begun < BRIEF.silence_s + 2.0
        assert proxy.num_planted == 9


async def _store_behind(url: str, settings: S3Settings) -> S3AudioStore:
    settings = replace(settings, endpoint_url=url)
    return S3AudioStore(Bucket(settings, await to_thread.run_sync(connect, settings, BRIEF)))
