"""Buckets of an S3 server on this machine: moto's, in a thread."""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from threading import Lock, Thread
from typing import Any
from unittest.mock import patch

from werkzeug.serving import make_server

from server.s3.client import Patience
from server.s3.settings import S3Settings

CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "access",
    "AWS_SECRET_ACCESS_KEY": "secret",
    # Nothing of whoever runs the tests, and no question to a cloud's metadata.
    "AWS_CONFIG_FILE": "/dev/null",
    "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    "AWS_EC2_METADATA_DISABLED": "true",
}
REGION = "us-east-1"
#: How soon a server notices that it is to end.
_POLL_S = 0.01
#: For stores on this machine.
BRIEF = Patience(connect_s=1.0, silence_s=1.0, tries=3)


@contextmanager
def moto_server() -> Iterator[str]:
    """Serve S3 as moto knows it, without a bucket, at the address that is returned."""
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

    moto, one_at_a_time = DomainDispatcherApplication(create_backend_app), Lock()

    def serve(environ: dict[str, Any], respond: Callable[..., Any]) -> Iterable[bytes]:
        # It looks whether an object is there, and then puts one: a real store does both in one.
        with one_at_a_time:
            return list(moto(environ, respond))

    server = make_server("127.0.0.1", 0, serve, threaded=True)
    thread = Thread(target=server.serve_forever, args=(_POLL_S,))
    thread.start()
    try:
        with patch.dict(os.environ, CREDENTIALS):
            yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def settings_of(endpoint_url: str, bucket: str, **more: str) -> S3Settings:
    return S3Settings(bucket=bucket, endpoint_url=endpoint_url, region=REGION, **more)


class Buckets:
    """Looks into a store past our own code."""

    def __init__(self, endpoint_url: str, *, is_versioned: bool = True) -> None:
        import boto3

        self.endpoint_url = endpoint_url
        self.is_versioned = is_versioned
        self.client: Any = boto3.session.Session().client(
            "s3", endpoint_url=endpoint_url, region_name=REGION
        )

    def make(self, bucket: str) -> None:
        """Make a bucket, which keeps every version of every object if the store is versioned."""
        self.client.create_bucket(Bucket=bucket)
        if self.is_versioned:
            self.keep_versions(bucket)

    def keep_versions(self, bucket: str) -> None:
        self.client.put_bucket_versioning(
            Bucket=bucket, VersioningConfiguration={"Status": "Enabled"}
        )

    def versions(self, bucket: str) -> list[str]:
        """Return the key of each version of each object."""
        listed = self.client.list_object_versions(Bucket=bucket)
        return [version["Key"] for version in listed.get("Versions", ())]

    def markers(self, bucket: str) -> list[str]:
        """Return the key of each object that was deleted, for each time it was."""
        listed = self.client.list_object_versions(Bucket=bucket)
        return [marker["Key"] for marker in listed.get("DeleteMarkers", ())]

    def uploads(self, bucket: str) -> list[str]:
        """Return the key of each upload that is neither complete nor aborted."""
        listed = self.client.list_multipart_uploads(Bucket=bucket)
        return [upload["Key"] for upload in listed.get("Uploads", ())]

    def remove(self, bucket: str) -> None:
        """Remove a bucket with everything in it."""
        for upload in self.client.list_multipart_uploads(Bucket=bucket).get("Uploads", ()):
            named = {"Key": upload["Key"], "UploadId": upload["UploadId"]}
            self.client.abort_multipart_upload(Bucket=bucket, **named)
        listed = self.client.list_object_versions(Bucket=bucket)
        for each in (*listed.get("Versions", ()), *listed.get("DeleteMarkers", ())):
            self.client.delete_object(Bucket=bucket, Key=each["Key"], VersionId=each["VersionId"])
        self.client.delete_bucket(Bucket=bucket)
