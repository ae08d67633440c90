"""What is made of a bucket's answers that no server here gives."""

from collections.abc import Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from server.s3.bucket import Bucket
from server.s3.errors import S3Failed
from server.s3.settings import S3Settings

pytestmark = pytest.mark.anyio


@pytest.fixture
def virtual_time() -> bool:
    return False  # S3 is asked in threads


class Client:
    """Says one and the same of versions, and counts how often."""

    def __init__(self, answer: Mapping[str, str] | str) -> None:
        self._answer = answer
        self.num_asked = 0

    def get_bucket_versioning(self, **_: Any) -> Mapping[str, str]:  # noqa: ANN401 boto3's
        self.num_asked += 1
        if isinstance(self._answer, str):
            raise ClientError({"Error": {"Code": self._answer}}, "GetBucketVersioning")
        return self._answer


@pytest.mark.parametrize(
    ("answer", "has_versions"),
    [
        ({}, False),
        ({"Status": "Enabled"}, True),
        # Those that it has kept are still there.
        ({"Status": "Suspended"}, True),
        ("AccessDenied", True),
        ("NotImplemented", True),
        ("SomethingNew", True),
    ],
)
async def test_a_bucket_keeps_versions_unless_it_says_that_it_never_did(
    answer: Mapping[str, str] | str, has_versions: bool
) -> None:
    client = Client(answer)
    bucket = Bucket(S3Settings(bucket="notes"), client)
    for _ in range(2):
        assert await bucket.has_versions() is has_versions
    assert client.num_asked == 1


async def test_a_store_that_is_overloaded_is_asked_again() -> None:
    client = Client("SlowDown")
    bucket = Bucket(S3Settings(bucket="notes"), client)
    for _ in range(2):
        with pytest.raises(S3Failed):
            await bucket.has_versions()
    assert client.num_asked == 2
