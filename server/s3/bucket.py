"""A bucket, asked in worker threads of its own."""

import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar, TypeVarTuple, Unpack

from anyio import CapacityLimiter, move_on_after, to_thread

from server.s3.client import MAX_CALLS, S3Client
from server.s3.errors import S3Failed, code_of, failures, has_reason, no_bucket
from server.s3.settings import S3Settings

#: Only where nothing of that name is.
IF_NEW = "*"
#: Long enough to be followed, and to be read from a slow line; too short to be passed on.
URL_S = 900
#: Whoever is cancelled waits no longer for a store that does not answer. What is left there then
#: goes with the next landing of the same key, or by a rule of the bucket.
_TIDY_S = 5.0

_NOT_FOUND, _NO_BYTES = "404", "InvalidRange"
_FORBIDDEN = {"AccessDenied", "403"}

_log = logging.getLogger(__name__)

_T = TypeVar("_T")
_Args = TypeVarTuple("_Args")


@dataclass(frozen=True, slots=True)
class Found:
    """An object: its size, and what was said of it when it was put there."""

    num_bytes: int
    metadata: dict[str, str]


@dataclass(frozen=True, slots=True)
class Listed:
    """An object in a list. Two of one key that differ have different tags.

    `modified_s` is when it was put there, in seconds since 1970.
    """

    key: str
    num_bytes: int
    tag: str
    modified_s: float


class Bucket:
    """What is asked of a bucket here. Every method raises `S3Failed`, beside what it says."""

    def __init__(
        self, settings: S3Settings, client: S3Client, signer: S3Client | None = None
    ) -> None:
        """Ask the bucket of `settings` by a client that `connect` has made.

        Addresses for listeners are made by `signer`, which is never asked for anything else.
        """
        self.settings = settings
        self.client = client
        self._signer = signer or client
        self._limiter = CapacityLimiter(MAX_CALLS)
        self._has_versions: bool | None = None

    async def call(self, work: Callable[[Unpack[_Args]], _T], *args: *_Args) -> _T:
        """Do in a worker thread what asks the bucket something."""
        with failures(self.settings.bucket):
            return await to_thread.run_sync(work, *args, limiter=self._limiter)

    async def tidy(self, work: Callable[[], object]) -> None:
        """Do what need not succeed, also where the caller is cancelled, for `_TIDY_S` at most."""
        with move_on_after(_TIDY_S, shield=True) as scope:
            try:
                with failures(self.settings.bucket):
                    await to_thread.run_sync(work, limiter=self._limiter, abandon_on_cancel=True)
            except S3Failed as failure:
                _log.info("not tidied up: %s", failure)
        if scope.cancelled_caught:
            _log.info("not tidied up in time: bucket %s", self.settings.bucket)

    async def put(self, key: str, read: Callable[[], bytes], **told: Any) -> None:  # noqa: ANN401
        """Put what `read` returns where nothing is.

        Raises:
            ObjectTaken: something is.
        """
        await self.replace(key, read, IfNoneMatch=IF_NEW, **told)

    async def replace(self, key: str, read: Callable[[], bytes], **told: Any) -> None:  # noqa: ANN401
        """Put what `read` returns, with what is `told` of it."""
        told |= {**self.settings.keeping, "Bucket": self.settings.bucket, "Key": key}
        await self.call(lambda: self.client.put_object(Body=read(), **told))

    async def has_versions(self) -> bool:
        """Tell whether the bucket keeps versions, or may: not every store answers everybody."""
        if self._has_versions is None:
            self._has_versions = await self.call(self._versions)
        return self._has_versions

    async def listed(self, prefix: str) -> list[Listed]:
        """Return the objects whose keys begin with `prefix`, by key."""
        return await self.call(self._listed, prefix)

    async def find(self, key: str) -> Found:
        """Return what is said of an object.

        Raises:
            ObjectMissing: see there.
        """
        return await self.call(self._find, key)

    async def read(self, key: str, start: int, end: int) -> bytes:
        """Return the bytes from `start` up to, not with, `end`, or those of them that there are.

        Raises:
            ObjectMissing: see there.
        """
        return await self.call(self._read, key, start, end)

    async def remove(self, key: str) -> None:
        """Remove an object, if it is there."""
        await self.call(lambda: self.client.delete_object(Bucket=self.settings.bucket, Key=key))

    async def url(self, key: str, media_type: str) -> str:
        """Return an address from which anyone can read an object for `URL_S`."""
        asked = {
            "Bucket": self.settings.bucket,
            "Key": key,
            "ResponseContentType": media_type,
        }

        # It may have to fetch credentials.
        def url() -> str:
            address: str = self._signer.generate_presigned_url(
                "get_object", Params=asked, ExpiresIn=URL_S
            )
            return address

        return await self.call(url)

    def _versions(self) -> bool:
        from botocore.exceptions import ClientError

        try:
            told = self.client.get_bucket_versioning(Bucket=self.settings.bucket)
        except ClientError as error:
            if has_reason(error) and code_of(error) not in _FORBIDDEN:
                raise
            # Such credentials may still put something there, and such a store may take it.
            return True
        return "Status" in told

    def _find(self, key: str) -> Found:
        from botocore.exceptions import ClientError

        try:
            head = self.client.head_object(Bucket=self.settings.bucket, Key=key)
        except ClientError as error:
            if code_of(error) == _NOT_FOUND:
                self._check()
            raise
        return Found(head["ContentLength"], head["Metadata"])

    def _listed(self, prefix: str) -> list[Listed]:
        pages = self.client.get_paginator("list_objects_v2").paginate(
            Bucket=self.settings.bucket, Prefix=prefix
        )
        return [
            Listed(each["Key"], each["Size"], each["ETag"], each["LastModified"].timestamp())
            for page in pages
            for each in page.get("Contents", ())
        ]

    def _check(self) -> None:
        """Pass if the bucket is there: a missing object's answer has no body to tell the two."""
        from botocore.exceptions import ClientError

        try:
            self.client.head_bucket(Bucket=self.settings.bucket)
        except ClientError as error:
            if code_of(error) == _NOT_FOUND:
                raise no_bucket(self.settings.bucket) from error

    def _read(self, key: str, start: int, end: int) -> bytes:
        from botocore.exceptions import ClientError, HTTPClientError, IncompleteReadError

        try:
            body = self._get(key, start, end)
            # A connection that breaks in mid-answer boto3 does not try again.
            with suppress(HTTPClientError, IncompleteReadError):
                return bytes(body.read())
            return bytes(self._get(key, start, end).read())
        except ClientError as error:
            if code_of(error) == _NO_BYTES:
                return b""
            raise

    def _get(self, key: str, start: int, end: int) -> Any:  # noqa: ANN401 made at run time
        return self.client.get_object(
            Bucket=self.settings.bucket, Key=key, Range=f"bytes={start}-{end - 1}"
        )["Body"]
