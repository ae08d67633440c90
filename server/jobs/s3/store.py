"""Finished audio in a bucket: each an object that is put there whole, and once."""

from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager

from server.jobs.job import LandedAudio
from server.jobs.keys import checked
from server.jobs.s3.landing import land, said_of
from server.jobs.spool import Spool
from server.jobs.store import AudioMissing, Landing, StoreFailed
from server.s3.bucket import Bucket
from server.s3.errors import ObjectMissing, S3Failed

#: The folder of the bucket.
_NOTES = "notes"
#: Read with one request: nobody who reads slowly keeps a connection. A minute of mp3.
_READ_BYTES = 1 << 20


class S3AudioStore:
    """The `AudioStore` of a bucket, which exists. Processes may share it.

    The credentials must allow `GetObject`, `PutObject`, `DeleteObject`, `AbortMultipartUpload`,
    `ListBucketMultipartUploads` and `ListBucket`: without the last, S3 says of what is missing that
    it is forbidden.
    """

    def __init__(self, bucket: Bucket) -> None:
        """Keep audio in `bucket`."""
        self._bucket = bucket

    async def land(self, key: str, spool: Spool, media_type: str) -> Landing:
        """Keep what `spool` holds, from its beginning on: see `AudioStore`."""
        with _failures():
            return await land(self._bucket, self._address(key), spool, media_type)

    async def find(self, key: str) -> LandedAudio:
        """Return what has landed: see `AudioStore`."""
        with _failures():
            return said_of(await self._bucket.find(self._address(key)))

    async def read(self, key: str, start: int, end: int) -> AsyncGenerator[bytes, None]:
        """Yield some of its bytes: see `AudioStore`."""
        address = self._address(key)
        while start < end:
            asked = min(_READ_BYTES, end - start)
            with _failures():
                data = await self._bucket.read(address, start, start + asked)
            if data:
                yield data
            if len(data) < asked:
                return
            start += len(data)

    async def url(self, key: str, media_type: str) -> str | None:
        """Return a presigned address: see `AudioStore`."""
        with _failures():
            return await self._bucket.url(self._address(key), media_type)

    async def remove(self, key: str) -> None:
        """Remove what has landed: see `AudioStore`."""
        with _failures():
            await self._bucket.remove(self._address(key))

    def _address(self, key: str) -> str:
        return self._bucket.settings.address(_NOTES, checked(key))


@contextmanager
def _failures() -> Iterator[None]:
    try:
        yield
    except ObjectMissing as error:
        raise AudioMissing(str(error)) from error
    except S3Failed as error:
        raise StoreFailed(str(error)) from error
    except OSError as error:
        raise StoreFailed(f"the take cannot be read again: {error}") from error
