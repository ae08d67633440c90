"""Audio in a bucket of moto's server: what every store promises, and what S3 adds."""

from collections.abc import Iterator
from uuid import uuid4

import pytest

from server.jobs.s3.store import S3AudioStore
from server.jobs.store import AudioStore
from server.s3.bucket import Bucket
from server.s3.client import S3Client, connect
from tests.helpers.buckets import BRIEF, Buckets, moto_server, settings_of
from tests.server.jobs.store_contract import AudioStoreContract

pytestmark = pytest.mark.anyio


@pytest.fixture
def virtual_time() -> bool:
    return False  # S3 is asked in threads


@pytest.fixture(scope="module")
def buckets() -> Iterator[Buckets]:
    with moto_server() as url:
        yield Buckets(url)


@pytest.fixture(scope="module")
def client(buckets: Buckets) -> S3Client:
    return connect(settings_of(buckets.endpoint_url, "any"), BRIEF)


class TestS3AudioStore(AudioStoreContract):
    @pytest.fixture(autouse=True)
    def _bucket(self, buckets: Buckets, client: S3Client) -> None:
        self.buckets, self.client = buckets, client
        self.name = f"notes-{uuid4()}"
        buckets.make(self.name)

    def reopened(self) -> AudioStore:
        settings = settings_of(self.buckets.endpoint_url, self.name)
        return S3AudioStore(Bucket(settings, self.client))

    def leftovers(self) -> list[str]:
        return self.buckets.uploads(self.name)
