"""`GET /v1/notes/ID/audio`."""

from collections.abc import AsyncGenerator
from contextlib import nullcontext

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Send

from protocol.codes import ErrorCode
from server.errors import RequestError
from server.jobs.desk import Desk
from server.jobs.http.audio import Live, NoteAudio
from server.jobs.http.audio_reply import reply_to
from server.jobs.http.crowd import Crowd
from server.jobs.http.reading import send_body
from server.jobs.job import Job
from server.notes.file_response import FileResponse

#: To notes that are being made, or will be. Each is sent every piece of a take, by the event loop
#: that calls share: about a tenth of a millisecond.
MAX_LISTENERS = 200
RETRY_AFTER_S = 15.0
#: More digits than any file has bytes, or any job takes.
_MAX_DIGITS = 18


class AudioEndpoint:
    """The handler of the route."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._audio = NoteAudio(desk)
        self._listeners = Crowd(MAX_LISTENERS, "too many are listening", RETRY_AFTER_S)

    async def answer(self, request: Request, send: Send) -> None:
        """Send what there is.

        Raises:
            RequestError: `bad_value`, or `overloaded` where it is not stored yet.
            UnknownJob, WrongState, TakeChanged, QueueUnreachable, StoreFailed: see there.
        """
        record = await self._desk.queue.find(request.path_params["job_id"])
        with nullcontext() if record.status.audio is not None else self._listeners.joined():
            await self._send(request, record.job, send)

    async def _send(self, request: Request, job: Job, send: Send) -> None:
        take, start = _resumption(request.query_params)
        found = await self._audio.find(job.id, take, start)
        reply = await reply_to(request, job, found, start, self._desk.store)
        media_type = job.format.media_type
        if reply.chunks is None:
            headers = {"Content-Type": media_type, **reply.headers}
            empty = Response(status_code=reply.status, headers=headers)
            await empty(request.scope, request.receive, send)
            return
        response = FileResponse(send, media_type, status=reply.status, headers=reply.headers)
        if start and isinstance(found, Live):
            # Nobody knows when so much of it will be made, or whether.
            await response.begin()
        # Nobody knows yet how long a note in the making becomes: without its bytes, as with them.
        await send_body(response, _nothing() if request.method == "HEAD" else reply.chunks)


async def _nothing() -> AsyncGenerator[bytes, None]:
    return
    yield


def _resumption(query: QueryParams) -> tuple[int | None, int]:
    """Return the take that is read on, and from which byte.

    Raises:
        RequestError: `bad_value`.
    """
    take, start = _count(query, "take"), _count(query, "offset") or 0
    if start and take is None:
        raise RequestError(ErrorCode.BAD_VALUE, "offset is of a take: name it")
    return take, start


def _count(query: QueryParams, name: str) -> int | None:
    value = query.get(name)
    if value is None:
        return None
    if not (value.isascii() and value.isdigit() and len(value) <= _MAX_DIGITS):
        raise RequestError(ErrorCode.BAD_VALUE, f"{name} must be a number of 0 or more")
    return int(value)
