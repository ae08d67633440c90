"""What every `AudioStore` promises, of one in a bucket that keeps all versions."""

from collections.abc import Iterator
from uuid import uuid4

import pytest

from server.jobs.s3.store import S3AudioStore
from server.s3.bucket import Bucket
from server.s3.client import S3Client
from server.s3.settings import S3Settings
from tests.helpers.buckets import Buckets, settings_of
from tests.server.jobs.store_contract import KEY, AudioStoreContract, audio


class S3AudioStoreContract(AudioStoreContract):
    """Tests are run at the server of the fixtures `buckets` and `client`."""

    @pytest.fixture(autouse=True)
    def _bucket(self, buckets: Buckets, client: S3Client) -> Iterator[None]:
        self.buckets, self.client, self.name = buckets, client, f"notes-{uuid4()}"
        buckets.make(self.name)
        yield
        buckets.remove(self.name)

    @property
    def settings(self) -> S3Settings:
        return settings_of(self.buckets.endpoint_url, self.name)

    def reopened(self) -> S3AudioStore:
        return S3AudioStore(Bucket(self.settings, self.client))

    def leftovers(self) -> list[str]:
        # What is there has one version, unless it was removed in between.
        versions = self.buckets.versions(self.name)
        marked = self.buckets.markers(self.name)
        twice = [key for key in versions if versions.count(key) > 1 and key not in marked]
        return self.buckets.uploads(self.name) + twice

    async def test_what_was_refused_made_no_version(self) -> None:
        for take in (1, 2, 3):
            await self.landed(audio(100 + take, take), take)
        assert self.buckets.versions(self.name) == [f"notes/{KEY}"]
