"""What boto3 is told to do otherwise."""

from io import BytesIO
from typing import Any

import pytest
from anyio import to_thread

from server.s3.client import ASKED_FOR_BYTES, connect
from server.s3.settings import S3Settings

pytestmark = pytest.mark.anyio


def sent(monkeypatch: pytest.MonkeyPatch, body: bytes) -> Any:  # noqa: ANN401 boto3's own
    """Put `body`, in a worker thread; return the request as it would be sent."""
    pytest.importorskip("boto3")
    from botocore.awsrequest import AWSResponse
    from urllib3 import HTTPResponse

    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "somebody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    settings = S3Settings(bucket="notes", endpoint_url="http://127.0.0.1:1", region="us-east-1")
    client = connect(settings)
    requests: list[Any] = []

    def answer(request: Any, **_: object) -> AWSResponse:  # noqa: ANN401 boto3's own
        requests.append(request)
        return AWSResponse(request.url, 200, {}, HTTPResponse(BytesIO()))

    client.meta.events.register_last("before-send.s3", answer)
    client.put_object(Bucket="notes", Key="one", Body=body)
    (request,) = requests
    return request


async def test_a_short_note_is_sent_without_asking_first(monkeypatch: pytest.MonkeyPatch) -> None:
    request = await to_thread.run_sync(sent, monkeypatch, bytes(ASKED_FOR_BYTES))
    assert "Expect" not in request.headers
    assert request.headers["Content-Length"] == str(ASKED_FOR_BYTES)


async def test_a_long_one_is_sent_when_the_store_will_have_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    request = await to_thread.run_sync(sent, monkeypatch, bytes(ASKED_FOR_BYTES + 1))
    assert request.headers["Expect"] == b"100-continue"
