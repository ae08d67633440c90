"""How a job comes in: one request, or a line of many, becomes a job of the queue."""

import re
from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from protocol.codes import ErrorCode
from server.bodies.arriving import Bodies, max_body_bytes
from server.bodies.fields import media_type_of
from server.errors import RequestError
from server.jobs.acceptance import Acceptance
from server.jobs.desk import Desk
from server.jobs.job import Job, JobRecord
from server.jobs.problems import KeyReused
from server.jobs.queue import QueueFull, Receipt
from server.jobs.views import path_of, view
from server.service import Service

#: As much as identifies anything; longer ones are mistakes.
_KEY = re.compile(r"[\x21-\x7e][\x20-\x7e]{0,254}")


class Submission:
    """Accepts jobs."""

    def __init__(self, service: Service, desk: Desk) -> None:
        self._desk = desk
        self._drain = service.drain
        self._acceptance = Acceptance(service, desk)
        self._bodies = Bodies(max_body_bytes(desk.limits.max_chars, 0))

    async def one(self, request: Request) -> Response:
        """Answer `POST /v1/notes` with `Prefer: respond-async`: 202, and where the note will be.

        Raises:
            RequestError: it cannot be spoken, or cannot be accepted now.
            KeyReused: see there.
            QueueUnreachable: see there.
        """
        self._drain.check()
        key = request.headers.get("idempotency-key")
        check_key(key)
        media_type = media_type_of(request.scope)
        asked = await self._bodies.parsed(
            request.receive, lambda body: self._acceptance.read(body, media_type)
        )
        await self._acceptance.check(asked)
        job = self._acceptance.job(asked, key)
        (receipt,) = await self.submit([job])
        if receipt is Receipt.CONFLICT:
            raise KeyReused
        record = JobRecord(job=job)
        if receipt is Receipt.EXISTING:
            record = await self._desk.queue.find(job.id)
        headers = {"Location": path_of(job.id), "Preference-Applied": "respond-async"}
        return JSONResponse(view(record), 202, headers)

    async def submit(self, jobs: Sequence[Job]) -> list[Receipt]:
        """Hand jobs to the queue.

        Raises:
            RequestError: `quota`, with the time in which there should be room.
            QueueUnreachable: see there.
        """
        try:
            return await self._desk.queue.submit(jobs)
        except QueueFull as error:
            raise RequestError(
                ErrorCode.QUOTA,
                "too much is waiting already",
                retry_after_s=self._desk.pace.time_for(error.excess_s),
            ) from error


def check_key(key: str | None) -> None:
    """Pass a key that may stand for a request.

    Raises:
        RequestError: `bad_value`.
    """
    if key is not None and not _KEY.fullmatch(key):
        raise RequestError(
            ErrorCode.BAD_VALUE, "a key has 1 to 255 printable characters of ASCII"
        )


def wants_job(request: Request) -> bool:
    """Tell whether a request prefers not to wait (RFC 7240)."""
    wishes = ",".join(request.headers.getlist("prefer")).split(",")
    return any(wish.partition(";")[0].strip().lower() == "respond-async" for wish in wishes)
