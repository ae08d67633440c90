"""How the audio of a note is answered: all of it, a range, where it is, or that nothing changed."""

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.requests import Request

from server.jobs.http.audio import Live
from server.jobs.http.etags import is_known, is_wanted
from server.jobs.http.ranges import ByteRange, RangeUnsatisfiable, read_range
from server.jobs.job import Job, LandedAudio
from server.jobs.store import AudioStore

#: They name a tag of ours, and the store has tags of its own.
_OF_TAGS = ("if-match", "if-range")


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioReply:
    """A response; one without `chunks` has no body."""

    status: int
    headers: Mapping[str, str]
    chunks: AsyncGenerator[bytes, None] | None = None


async def reply_to(
    request: Request, job: Job, found: LandedAudio | Live, start: int, store: AudioStore
) -> AudioReply:
    """Return the answer to a request for audio from byte `start` on.

    Raises:
        StoreFailed: see there.
    """
    asked = request.headers
    headers = {"ETag": f'"{job.id}-{found.take}"', "Cache-Control": "private, no-cache"}
    if isinstance(found, LandedAudio):
        headers["Accept-Ranges"] = "bytes"
    if not is_wanted(asked, headers["ETag"]):
        return AudioReply(status=412, headers=headers)
    if is_known(asked, headers["ETag"]):
        return AudioReply(status=304, headers=headers)
    if isinstance(found, Live):
        return AudioReply(status=200, headers=headers, chunks=found.chunks)
    address = None if _is_ours(request, start) else await store.url(job.key, job.format.media_type)
    if address is not None:
        return AudioReply(status=307, headers={**headers, "Location": address})
    part = _wanted(asked, headers["ETag"], found.num_bytes, start)
    if part is None:
        headers["Content-Range"] = f"bytes */{found.num_bytes}"
        return AudioReply(status=416, headers=headers)
    return AudioReply(
        status=206 if part.is_part else 200,
        headers={**headers, **part.headers},
        chunks=store.read(job.key, part.start, part.end),
    )


def _is_ours(request: Request, start: int) -> bool:
    """Tell whether only we can answer: an address of the store is for GET, and for all of it."""
    of_tags = any(name in request.headers for name in _OF_TAGS)
    return start > 0 or of_tags or request.method == "HEAD"


def _wanted(asked: Headers, etag: str, total: int, start: int) -> ByteRange | None:
    """Return what is wanted of what is there, or None if there is nothing of it."""
    if start:
        return ByteRange(start, total, total, is_part=False) if start <= total else None
    # Whoever has the start of another take gets all of this one.
    is_theirs = asked.get("if-range", etag) == etag
    try:
        return read_range(asked.get("range") if is_theirs else None, total)
    except RangeUnsatisfiable:
        return None
