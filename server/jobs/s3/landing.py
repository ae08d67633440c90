"""How a take becomes an object: all of it, or the object that was there before."""

import logging
import random
import secrets
from collections.abc import Callable
from functools import partial

from anyio import sleep

from server.jobs.job import LandedAudio
from server.jobs.spool import Spool
from server.jobs.store import Landing
from server.s3.bucket import Bucket, Found
from server.s3.errors import ObjectMissing, ObjectTaken, S3Failed
from server.s3.upload import PART_BYTES, abort_uploads, uploading

#: The take is in its spool, and can be sent again from its beginning. Within each of these a call
#: has the tries of `server.s3.client.Patience`.
_TRIES = 3
#: The longest pause before the second; it doubles. Those that failed together come back apart.
_PAUSE_S = 2.0
#: Of an object: the number of its take, and what no other landing has said of it.
_TAKE, _MARK = "take", "landing"
_MARK_BYTES = 8

_log = logging.getLogger(__name__)


async def land(bucket: Bucket, key: str, spool: Spool, media_type: str) -> Landing:
    """Put a take where nothing is, or return what is there.

    Raises:
        SpoolAbandoned, S3Failed: see there.
    """
    take = _Take(bucket, key, spool, media_type)
    for number in range(1, _TRIES):
        try:
            return await take.landed()
        except S3Failed as failure:
            if not failure.may_pass:
                raise
            _log.info("a landing is tried again: %s", failure)
        await sleep(random.uniform(0, _PAUSE_S * 2 ** (number - 1)))  # noqa: S311 no secret
    return await take.landed()


def said_of(found: Found) -> LandedAudio:
    """Return what an object says of its take."""
    take = found.metadata.get(_TAKE, "")
    return LandedAudio(take=int(take) if take.isdecimal() else 0, num_bytes=found.num_bytes)


class _Take:
    """A take on its way. However often it is sent, it is one object at most."""

    def __init__(self, bucket: Bucket, key: str, spool: Spool, media_type: str) -> None:
        self._bucket = bucket
        self._key = key
        self._spool = spool
        self._mark = secrets.token_hex(_MARK_BYTES)
        metadata = {_TAKE: str(spool.take), _MARK: self._mark}
        self._told = {"ContentType": media_type, "Metadata": metadata}

    async def landed(self) -> Landing:
        """Send it from its beginning, as soon as it is more than a part, or complete.

        Raises:
            SpoolAbandoned, S3Failed: see there.
        """
        await self._spool.reached(PART_BYTES + 1)
        is_long = self._spool.num_bytes > PART_BYTES
        try:
            await (self._send_parts() if is_long else self._send())
            landing = Landing(audio=self._audio(), is_first=True)
        except ObjectTaken as taken:
            landing = await self._found(taken)
        if is_long:
            await abort_uploads(self._bucket, self._key)
        return landing

    async def _send(self) -> None:
        # A first take costs one request. Ceph's gateway sets no condition where a bucket keeps
        # versions: there, one that comes last would be one more version.
        if self._spool.take > 1 or await self._bucket.has_versions():
            await self._check_new()
        await self._bucket.put(self._key, self._part(0), **self._told)

    async def _send_parts(self) -> None:
        await self._check_new()
        async with uploading(self._bucket, self._key, **self._told) as upload:
            start = 0
            while start < self._spool.num_bytes:
                # One byte more tells that another part follows: none may be empty.
                await self._spool.reached(start + PART_BYTES + 1)
                await upload.send(self._part(start))
                start += PART_BYTES
            await self._check_new()
            await upload.complete()

    async def _check_new(self) -> None:
        """Pass if nothing is there: some stores do not look when an upload is completed."""
        try:
            await self._bucket.find(self._key)
        except ObjectMissing:
            return
        raise ObjectTaken(self._key)

    async def _found(self, taken: ObjectTaken) -> Landing:
        """Return what is there: of others, or of an earlier try whose answer was lost."""
        try:
            found = await self._bucket.find(self._key)
        except ObjectMissing:
            raise S3Failed(f"others are writing: {taken}", may_pass=True) from taken
        return Landing(audio=said_of(found), is_first=found.metadata.get(_MARK) == self._mark)

    def _audio(self) -> LandedAudio:
        return LandedAudio(take=self._spool.take, num_bytes=self._spool.num_bytes)

    def _part(self, start: int) -> Callable[[], bytes]:
        return partial(self._spool.read, start, PART_BYTES)
