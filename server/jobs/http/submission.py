"""How a job comes in: `POST /v1/notes` with `Prefer: respond-async`."""

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from protocol.codes import ErrorCode
from server.bodies.arriving import Bodies, max_body_bytes
from server.bodies.fields import media_type_of, read_fields
from server.drain import Drain
from server.errors import RequestError
from server.jobs.acceptance import JOB_FIELDS, Acceptance
from server.jobs.desk import Desk
from server.jobs.http.problems import KeyReused
from server.jobs.job import Job, JobRecord
from server.jobs.queue import Receipt
from server.jobs.views import path_of, view


class SubmissionEndpoint:
    """The handler of the route."""

    def __init__(self, acceptance: Acceptance, desk: Desk, drain: Drain) -> None:
        self._acceptance = acceptance
        self._desk = desk
        self._drain = drain
        self._bodies = Bodies(max_body_bytes(desk.limits.max_chars, 0))

    async def answer(self, request: Request) -> Response:
        """Accept a job: 202, and where the note will be.

        Raises:
            RequestError: it cannot be spoken, or cannot be accepted now.
            KeyReused, QueueUnreachable: see there.
        """
        self._drain.check()
        key = _key_of(request)
        media_type = media_type_of(request.scope)
        fields = await self._bodies.parsed(
            request.scope,
            request.receive,
            lambda body: read_fields(body, media_type, JOB_FIELDS),
        )
        accepted = await to_thread.run_sync(self._acceptance.accept, fields, key)
        await self._acceptance.check_voice(accepted.voice)
        record = await self._submitted(accepted.job)
        headers = {"Location": path_of(record.job.id), "Preference-Applied": "respond-async"}
        return JSONResponse(view(record), 202, headers)

    async def _submitted(self, job: Job) -> JobRecord:
        (receipt,) = await self._desk.submit([job])
        match receipt:
            case Receipt.CONFLICT:
                raise KeyReused
            case Receipt.EXISTING:
                return await self._desk.queue.find(job.id)
        return JobRecord(job=job)


def _key_of(request: Request) -> str | None:
    keys = request.headers.getlist("idempotency-key")
    if len(keys) > 1:
        raise RequestError(ErrorCode.BAD_MESSAGE, "Idempotency-Key is given more than once")
    return keys[0] if keys else None


def wants_job(request: Request) -> bool:
    """Tell whether a request prefers not to wait (RFC 7240)."""
    wishes = ",".join(request.headers.getlist("prefer")).split(",")
    return any(wish.partition(";")[0].strip().lower() == "respond-async" for wish in wishes)
