"""`POST /v1/notes/batch`: a job for every line of a body, and an answer for every line.

The body is read to its end before anything is answered: most clients read nothing before they have
sent all, and two who wait for each other wait for ever. Where it breaks off, what was accepted is
answered all the same, and the last answer says what was wrong.
"""

import json
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import aclosing
from typing import Any

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response

from server.bodies.arriving import max_body_bytes
from server.bodies.coding import check_coding
from server.bodies.fields import field, string
from server.bodies.json_object import Names, read_object
from server.drain import Drain
from server.errors import RequestError
from server.jobs.acceptance import JOB_FIELDS, Acceptance, Accepted
from server.jobs.desk import Desk
from server.jobs.http.crowd import Crowd
from server.jobs.http.lines import lines_of
from server.jobs.http.problems import RETRY_AFTER_S as UNREACHABLE_S
from server.jobs.job import Job
from server.jobs.queue import QueueUnreachable, Receipt
from server.jobs.views import path_of
from server.problems import status_of

MEDIA_TYPE = "application/x-ndjson"
#: A megabyte of answers, which are kept until the last line has come.
MAX_LINES = 10_000
#: Handed over at once: a commit for each would be most of the work.
GROUP_LINES = 500
#: Each may hold a line of the longest, and its answers.
MAX_BATCHES = 8
RETRY_AFTER_S = 1.0

_LINE_FIELDS: Names = {**JOB_FIELDS, "key": None}
_Answer = dict[str, Any]


class BatchEndpoint:
    """The handler of the route."""

    def __init__(self, acceptance: Acceptance, desk: Desk, drain: Drain) -> None:
        self._acceptance = acceptance
        self._desk = desk
        self._drain = drain
        self._max_line_bytes = max_body_bytes(desk.limits.max_chars, 0)
        self._batches = Crowd(MAX_BATCHES, "too many batches at once", RETRY_AFTER_S)

    async def answer(self, request: Request) -> Response:
        """Accept what can be accepted of a body.

        Raises:
            RequestError: `draining`, `overloaded` or `unsupported`: nothing was read. Or what
                `lines_of` raises, before anything was answered.
            ClientDisconnect: those that had come by then were accepted.
        """
        self._drain.check()
        check_coding(request.scope)
        with self._batches.joined():
            answers = b"".join([part async for part in self._answers(request)])
        return Response(answers, media_type=MEDIA_TYPE)

    async def _answers(self, request: Request) -> AsyncIterator[bytes]:
        lines = lines_of(request.receive, GROUP_LINES, self._max_line_bytes, MAX_LINES)
        has_answered = False
        try:
            async with aclosing(lines) as groups:
                async for group in groups:
                    read = await to_thread.run_sync(self._read, group)
                    yield _written(await self._submitted(read))
                    has_answered = True
        except RequestError as error:
            if not has_answered:
                raise
            # Whoever has sent the lines before must learn what their notes are called.
            yield _written([_refused(error)])

    def _read(self, lines: Sequence[bytes]) -> list[Accepted | RequestError]:
        return [self._read_line(line) for line in lines]

    def _read_line(self, line: bytes) -> Accepted | RequestError:
        try:
            fields = read_object(line, _LINE_FIELDS)
            key = field(fields, "key", string)
            fields.pop("key", None)
            return self._acceptance.accept(fields, key)
        except RequestError as error:
            return error

    async def _submitted(self, read: Sequence[Accepted | RequestError]) -> list[_Answer]:
        read = await self._with_voices(read)
        answers = iter(await self._submit([e.job for e in read if isinstance(e, Accepted)]))
        return [_refused(e) if isinstance(e, RequestError) else next(answers) for e in read]

    async def _submit(self, jobs: Sequence[Job]) -> list[_Answer]:
        if not jobs:
            return []
        try:
            receipts = await self._desk.submit(jobs)
        except RequestError as error:
            return [_refused(error)] * len(jobs)
        except QueueUnreachable:
            return [_UNREACHABLE] * len(jobs)
        left = jobs[len(receipts) :]
        refusal = _refused(self._desk.no_room(sum(job.audio_s for job in left)))
        return [*map(_taken, jobs, receipts), *[refusal] * len(left)]

    async def _with_voices(
        self, read: Sequence[Accepted | RequestError]
    ) -> list[Accepted | RequestError]:
        """Return the same, with those refused whose stored voice is not there."""
        found: dict[str | None, RequestError | None] = {}
        for voice in {each.voice for each in read if isinstance(each, Accepted)}:
            try:
                await self._acceptance.check_voice(voice)
                found[voice] = None
            except RequestError as error:
                found[voice] = error
        return [
            (found[each.voice] or each) if isinstance(each, Accepted) else each for each in read
        ]


_UNREACHABLE: _Answer = {
    "status": 503,
    "code": "unreachable",
    "detail": "notes cannot be kept at the moment",
    "retry_after_s": UNREACHABLE_S,
}


def _written(answers: Iterable[_Answer]) -> bytes:
    return b"".join(json.dumps(answer).encode() + b"\n" for answer in answers)


def _taken(job: Job, receipt: Receipt) -> _Answer:
    if receipt is Receipt.CONFLICT:
        return {"status": 409, "code": "key_reused", "detail": "the key stands for another note"}
    return {"status": 202, "id": job.id, "location": path_of(job.id)}


def _refused(error: RequestError) -> _Answer:
    answer = {"status": status_of(error), "code": error.code.value, "detail": error.message}
    if error.retry_after_s is None:
        return answer
    return {**answer, "retry_after_s": round(error.retry_after_s, 1)}
