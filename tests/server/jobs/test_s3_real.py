"""Audio in a real store: signatures, expiry, races and memory, of which moto knows nothing.

The store is Ceph's gateway, from the packages `radosgw`, `ceph-mon`, `ceph-mgr` and `ceph-osd` of
Debian, or whatever answers at `S3_TEST_ENDPOINT`, with boto3's own credentials: of Amazon,
`https://s3.us-east-1.amazonaws.com`. Buckets named `notes-…` are made there, and removed.
"""

import os
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace

import anyio
import httpx
import pytest
from anyio import to_thread

from server.jobs.job import LandedAudio
from server.jobs.s3.store import S3AudioStore
from server.jobs.store import Landing, StoreFailed
from server.s3 import bucket as bucket_module
from server.s3.bucket import Bucket
from server.s3.client import S3Client, connect
from server.s3.upload import PART_BYTES
from tests.helpers.buckets import Buckets, settings_of
from tests.helpers.radosgw import missing_binaries, radosgw
from tests.server.jobs.s3_store_contract import S3AudioStoreContract
from tests.server.jobs.store_contract import KEY, MEDIA_TYPE, audio, everything

pytestmark = [pytest.mark.anyio, pytest.mark.s3real]

ENDPOINT = "S3_TEST_ENDPOINT"


@pytest.fixture
def virtual_time() -> bool:
    return False  # S3 is asked in threads


@pytest.fixture(scope="session")
def buckets(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Buckets]:
    if ENDPOINT in os.environ:
        yield Buckets(os.environ[ENDPOINT])
        return
    if missing := missing_binaries():
        pytest.skip(f"needs {', '.join(missing)}, or {ENDPOINT}")
    with radosgw(tmp_path_factory.mktemp("ceph")) as url:
        # Where it keeps versions, it sets no condition.
        yield Buckets(url, is_versioned=False)


@pytest.fixture(scope="session")
def client(buckets: Buckets) -> S3Client:
    return connect(settings_of(buckets.endpoint_url, "any"))


class TestRealS3(S3AudioStoreContract):
    async def test_an_address_is_good_for_what_it_says_and_no_longer(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await self.landed(audio(1_000))
        await self.landed(audio(1_000), key=KEY.replace("0123", "4567"))
        url = await self.url()
        assert await status_of(url) == httpx.codes.OK
        assert await status_of(url.replace("0123", "4567")) == httpx.codes.FORBIDDEN
        assert await status_of(url.replace("Expires=900", "Expires=901")) == httpx.codes.FORBIDDEN
        monkeypatch.setattr(bucket_module, "URL_S", 1)
        url = await self.url()
        await anyio.sleep(2.5)
        assert await status_of(url) == httpx.codes.FORBIDDEN

    async def url(self) -> str:
        url = await self.reopened().url(KEY, MEDIA_TYPE)
        assert url is not None
        return url

    @pytest.mark.parametrize(
        ("name", "words"),
        [
            ("AWS_SECRET_ACCESS_KEY", "the secret key is wrong"),
            ("AWS_ACCESS_KEY_ID", "does not know the credentials"),
        ],
    )
    async def test_wrong_credentials_are_told_of(
        self, monkeypatch: pytest.MonkeyPatch, name: str, words: str
    ) -> None:
        monkeypatch.setenv(name, "wrong")
        client = await to_thread.run_sync(connect, self.settings)
        store = S3AudioStore(Bucket(self.settings, client))
        with pytest.raises(StoreFailed, match=words):
            await store.land(KEY, await self.spooled(audio(100)), MEDIA_TYPE)
        with pytest.raises(StoreFailed, match="may not"):
            await store.find(KEY)

    async def test_a_bucket_that_is_gone_is_told_of(self) -> None:
        settings = replace(self.settings, bucket=f"{self.name}-gone")
        store = S3AudioStore(Bucket(settings, self.client))
        for ask in (
            *(store.find(KEY), everything(store, KEY)),
            store.land(KEY, await self.spooled(audio(100)), MEDIA_TYPE),
        ):
            with pytest.raises(StoreFailed, match="no such bucket"):
                await ask

    async def test_a_long_take_lands_in_parts_and_a_second_is_refused(self) -> None:
        data = audio(1_000_000) * 20
        assert (await self.landed(data, take=1)).is_first
        second = await self.landed(data + b"more", take=2)
        assert second == Landing(audio=await self.reopened().find(KEY), is_first=False)
        assert await everything(self.reopened(), KEY) == data
        assert self.buckets.versions(self.name) == [f"notes/{KEY}"]

    async def test_a_second_landing_is_refused_also_where_versions_are_kept(self) -> None:
        self.buckets.keep_versions(self.name)
        await self.test_a_second_landing_is_refused_and_changes_nothing()
        assert self.buckets.versions(self.name) == [f"notes/{KEY}"]

    async def test_a_first_take_that_comes_last_is_refused_also_where_versions_are_kept(
        self,
    ) -> None:
        self.buckets.keep_versions(self.name)
        assert (await self.landed(audio(1_000), take=2)).is_first
        last = await self.landed(audio(2_000), take=1)
        assert last == Landing(audio=LandedAudio(take=2, num_bytes=1_000), is_first=False)
        assert self.buckets.versions(self.name) == [f"notes/{KEY}"]

    async def test_however_long_a_take_is_little_of_it_is_in_memory(self) -> None:
        spool = await self.spooled(audio(1_000_000) * 80)
        tracemalloc.start()
        try:
            await self.reopened().land(KEY, spool, MEDIA_TYPE)
            _, peak_bytes = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert peak_bytes < 3 * PART_BYTES


async def status_of(url: str) -> int:
    async with httpx.AsyncClient() as http:
        return (await http.get(url)).status_code
