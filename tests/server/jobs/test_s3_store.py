"""Audio in a bucket of moto's server."""

from collections.abc import Iterator

import pytest

from server.s3.client import S3Client, connect
from tests.helpers.buckets import BRIEF, Buckets, moto_server, settings_of
from tests.server.jobs.s3_store_contract import S3AudioStoreContract

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


class TestS3AudioStore(S3AudioStoreContract):
    """What moto cannot tell, such as a wrong signature, is asked of a real store."""
