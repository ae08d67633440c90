"""An object that is put into a bucket part by part; nobody sees it before it is complete."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

from server.s3.bucket import IF_NEW, Bucket

#: Few requests for an hour of audio, and little to send again. S3 takes no less than 5 MiB, and
#: 10,000 parts: 80 GiB.
PART_BYTES = 8 << 20
#: What an answer says of a part, and is to be said when all is complete.
_OF_PARTS = ("ETag", "ChecksumCRC32", "ChecksumCRC32C", "ChecksumCRC64NVME", "ChecksumSHA256")


class Upload:
    """One upload. Its methods raise as those of `Bucket`."""

    def __init__(self, bucket: Bucket, key: str, upload_id: str) -> None:
        """Go on with the upload `upload_id`."""
        self._bucket = bucket
        self._named = {"Bucket": bucket.settings.bucket, "Key": key, "UploadId": upload_id}
        self._parts: list[dict[str, object]] = []

    async def send(self, read: Callable[[], bytes]) -> None:
        """Send what `read` returns as the next part: `PART_BYTES`, but for the last."""
        number, client = len(self._parts) + 1, self._bucket.client
        answer = await self._bucket.call(
            lambda: client.upload_part(Body=read(), PartNumber=number, **self._named)
        )
        said = {name: answer[name] for name in _OF_PARTS if name in answer}
        self._parts.append({"PartNumber": number, **said})

    async def complete(self) -> None:
        """Make the object of the parts.

        Raises:
            ObjectTaken: there is one. Not every store looks.
        """
        client, parts = self._bucket.client, {"Parts": self._parts}
        await self._bucket.call(
            lambda: client.complete_multipart_upload(
                MultipartUpload=parts, IfNoneMatch=IF_NEW, **self._named
            )
        )

    async def abort(self) -> None:
        """Forget the parts, if the store lets us."""
        client = self._bucket.client
        await self._bucket.tidy(lambda: client.abort_multipart_upload(**self._named))


@asynccontextmanager
async def uploading(bucket: Bucket, key: str, **told: Any) -> AsyncGenerator[Upload, None]:  # noqa: ANN401
    """Begin an upload of an object with what is `told` of it; abort it where the block fails."""
    told |= {**bucket.settings.keeping, "Bucket": bucket.settings.bucket, "Key": key}
    answer = await bucket.call(lambda: bucket.client.create_multipart_upload(**told))
    upload = Upload(bucket, key, answer["UploadId"])
    try:
        yield upload
    except BaseException:
        await upload.abort()
        raise


async def abort_uploads(bucket: Bucket, key: str) -> None:
    """Abort all uploads to a key: those of processes that died, or did not hear of their own."""

    def abort() -> None:
        named = {"Bucket": bucket.settings.bucket}
        listed = bucket.client.list_multipart_uploads(Prefix=key, **named)
        for found in listed.get("Uploads", ()):
            which = {"Key": found["Key"], "UploadId": found["UploadId"]}
            bucket.client.abort_multipart_upload(**named, **which)

    await bucket.tidy(abort)
