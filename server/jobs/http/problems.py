"""What a client is told where a job cannot be had, as problem documents."""

from collections.abc import Awaitable, Callable

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from protocol.codes import ErrorCode
from server.errors import RequestError
from server.jobs.queue import QueueUnreachable, UnknownJob, WrongState
from server.jobs.store import AudioMissing, StoreFailed
from server.problems import problem, problem_of

#: What cannot be reached is back, or is somebody's business by then.
RETRY_AFTER_S = 5

Handler = Callable[[Request], Awaitable[Response]]


class KeyReused(Exception):
    """An `Idempotency-Key` stands for another request already."""


class TakeChanged(Exception):
    """Somebody goes on reading a take of which there is nothing more: it begins afresh."""


def answering(handler: Handler) -> Handler:
    """Return `handler`, with what it raises said as a problem."""

    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except ClientDisconnect:
            return Response()  # nobody reads it
        except RequestError as error:
            return problem_of(error)
        except TOLD as error:
            return problem_with(error)

    return answer


def problem_with(error: Exception) -> Response:
    """Say one of the errors of the queue and the store."""
    match error:
        case UnknownJob():
            return problem(404, "not_found", "there is no such note, or none any more")
        case AudioMissing():
            return problem(404, "not_found", "the audio was removed")
        case KeyReused():
            return problem(409, "key_reused", "this Idempotency-Key stands for another request")
        case TakeChanged():
            return problem(409, "take_changed", "the note is made once more: begin at its start")
        case WrongState():
            return problem(409, ErrorCode.BAD_STATE.value, str(error))
    detail = "notes cannot be kept or found at the moment"
    return problem(503, "unreachable", detail, {"Retry-After": str(RETRY_AFTER_S)})


TOLD = (
    UnknownJob, AudioMissing, KeyReused, TakeChanged, WrongState, QueueUnreachable, StoreFailed,
)  # fmt: skip
