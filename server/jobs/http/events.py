"""`GET /v1/notes/ID/events`: what becomes of a job, as server-sent events."""

import json
from collections.abc import AsyncGenerator
from contextlib import aclosing

import anyio
from starlette.requests import Request
from starlette.types import Send

from server.drain import Drain, Onlooker
from server.jobs.http.crowd import Crowd
from server.jobs.http.reading import send_body
from server.jobs.views import view
from server.jobs.watch import Watch
from server.notes.file_response import FileResponse

#: Each costs a connection, and a part of every look at the queue.
MAX_WATCHERS = 1_000
#: Sooner than any proxy gives up a connection on which nothing is said.
REPEAT_S = 15.0
RETRY_AFTER_S = 15.0


class EventsEndpoint:
    """The handler of the route."""

    def __init__(self, watch: Watch, drain: Drain) -> None:
        self._watch = watch
        self._drain = drain
        self._watchers = Crowd(MAX_WATCHERS, "too many are watching", RETRY_AFTER_S)

    async def answer(self, request: Request, send: Send) -> None:
        """Send an event for every change, until the job has ended.

        Raises:
            RequestError: `overloaded`, or `draining`.
            UnknownJob, QueueUnreachable: see there.
        """
        self._drain.check()
        headers = {"Cache-Control": "no-store"}
        response = FileResponse(send, "text/event-stream", headers=headers)
        with (
            self._watchers.joined(),
            anyio.CancelScope() as scope,
            self._drain.working(Onlooker(scope)),
        ):
            await send_body(response, self._events(request.path_params["job_id"]))

    async def _events(self, job_id: str) -> AsyncGenerator[bytes, None]:
        async with aclosing(self._watch.changes(job_id, REPEAT_S)) as changes:
            async for record in changes:
                data = json.dumps(view(record), separators=(",", ":"))
                yield f"event: note\ndata: {data}\n\n".encode()
