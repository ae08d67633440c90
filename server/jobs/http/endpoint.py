"""`/v1/notes` and what lies below it: jobs are listed, looked at, sent again, and ended."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from protocol.codes import ErrorCode
from server.errors import RequestError
from server.jobs.desk import Desk
from server.jobs.job import JobRecord, JobState
from server.jobs.views import view

#: What fits a screen, and what a page may cost.
_DEFAULT_LIMIT, _MAX_LIMIT = 50, 500


class JobsEndpoint:
    """The handlers of the routes."""

    def __init__(self, desk: Desk) -> None:
        self._queue = desk.queue
        self._store = desk.store

    async def list(self, request: Request) -> Response:
        """Answer `GET /v1/notes`: jobs, the newest first, by pages.

        Raises:
            RequestError: `bad_value`.
            QueueUnreachable: see there.
        """
        query = request.query_params
        try:
            page = await self._queue.page(
                limit=_limit(query.get("limit")),
                cursor=query.get("cursor"),
                state=_state(query.get("state")),
            )
        except ValueError as error:
            raise RequestError(ErrorCode.BAD_VALUE, str(error)) from error
        notes = [view(record) for record in page.records]
        return JSONResponse({"notes": notes, "next_cursor": page.next_cursor})

    async def member(self, request: Request) -> Response:
        """Answer `GET /v1/notes/ID` with a job; `DELETE` gives it up, or forgets it at its end.

        Raises:
            UnknownJob: see there.
            QueueUnreachable: see there.
            StoreFailed: see there.
        """
        record = await self._queue.find(request.path_params["job_id"])
        if request.method == "DELETE":
            return await self._end(record)
        return JSONResponse(view(record))

    async def retry(self, request: Request) -> Response:
        """Answer `POST /v1/notes/ID/retry`. Errors are those of `NoteQueue.retry`."""
        return JSONResponse(view(await self._queue.retry(request.path_params["job_id"])), 202)

    async def _end(self, record: JobRecord) -> Response:
        if not record.status.state.is_end:
            return JSONResponse(view(await self._queue.cancel(record.job.id)), 202)
        # In this order: what is known of can still be removed, and nothing lands there meanwhile.
        await self._queue.retire(record.job.id)
        await self._store.remove(record.job.key)
        await self._queue.remove(record.job.id)
        return Response(status_code=204)


def _limit(text: str | None) -> int:
    if text is None:
        return _DEFAULT_LIMIT
    if not (text.isascii() and text.isdigit() and 0 < len(text) <= len(str(_MAX_LIMIT))):
        raise ValueError(f"limit must be 1 to {_MAX_LIMIT}")
    limit = int(text)
    if not 1 <= limit <= _MAX_LIMIT:
        raise ValueError(f"limit must be 1 to {_MAX_LIMIT}")
    return limit


def _state(text: str | None) -> JobState | None:
    try:
        return None if text is None else JobState(text)
    except ValueError:
        raise ValueError(f"state must be one of {', '.join(JobState)}") from None
