"""`GET /v1/notes/ID/audio`."""

import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from functools import partial

from starlette.datastructures import QueryParams
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response
from starlette.types import Receive, Scope, Send

from protocol.codes import ErrorCode
from server.bodies.presence import while_connected
from server.errors import RequestError
from server.jobs.audio import Live, NoteAudio
from server.jobs.desk import Desk
from server.jobs.job import Job, LandedAudio
from server.jobs.problems import TOLD, TakeChanged, problem_with
from server.jobs.ranges import RangeUnsatisfiable, read_range
from server.jobs.watch import Watch
from server.notes.file_response import FileResponse
from server.problems import problem, problem_of
from server.service import Service

_log = logging.getLogger(__name__)
_ALLOWED = "GET, HEAD"


class AudioEndpoint:
    """The ASGI application of the route."""

    def __init__(self, service: Service, desk: Desk, watch: Watch) -> None:
        self._drain = service.drain
        self._desk = desk
        self._audio = NoteAudio(desk, watch)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["method"] not in _ALLOWED.split(", "):
            refusal = problem(405, "method_not_allowed", "audio is only read", {"Allow": _ALLOWED})
            await refusal(scope, receive, send)
            return
        # A body that was cut has no end, which tells the reader.
        with suppress(ClientDisconnect, RequestError):
            await while_connected(receive, partial(self._answer, scope, receive, send), self._drain)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        try:
            record = await self._desk.queue.find(request.path_params["job_id"])
            take, start = _resumption(request.query_params)
            found = await self._audio.find(record.job.id, take, start)
        except RequestError as error:
            await problem_of(error)(scope, receive, send)
        except TOLD as error:
            await problem_with(error)(scope, receive, send)
        else:
            await self._send(request, record.job, found, start, send)

    async def _send(
        self, request: Request, job: Job, found: LandedAudio | Live, start: int, send: Send
    ) -> None:
        etag = f'"{job.id}-{found.take}"'
        headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
        if isinstance(found, Live):
            response = FileResponse(send, job.format.media_type, headers=headers)
            await self._send_body(response, found.chunks)
            return
        ...
