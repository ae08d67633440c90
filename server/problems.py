"""Errors over HTTP: RFC 9457 problem details, with the codes of the wire specification."""

from collections.abc import Mapping
from http import HTTPStatus

from starlette.responses import JSONResponse

from protocol.codes import ErrorCode
from server.errors import RequestError

_STATUS = {
    ErrorCode.BAD_MESSAGE: 400,
    ErrorCode.BAD_VALUE: 422,
    ErrorCode.BAD_STATE: 409,
    ErrorCode.UNKNOWN_VOICE: 404,
    ErrorCode.UNSUPPORTED: 422,
    ErrorCode.TEXT_TOO_LONG: 413,
    ErrorCode.OVERLOADED: 503,
    ErrorCode.DRAINING: 503,
    ErrorCode.STALLED: 408,
    ErrorCode.TIME_LIMIT: 503,
    ErrorCode.UNAUTHORIZED: 401,
    ErrorCode.QUOTA: 429,
    ErrorCode.ENGINE_FAILED: 503,
}


def problem(
    status: int, code: str, detail: str, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """Build the response; `code` is stable, `detail` is for people."""
    return JSONResponse(
        {
            "type": "about:blank",
            "title": HTTPStatus(status).phrase,
            "status": status,
            "detail": detail,
            "code": code,
        },
        status_code=status,
        headers=dict(headers or {}),
        media_type="application/problem+json",
    )


def problem_of(error: RequestError) -> JSONResponse:
    """Say a refusal over HTTP."""
    return problem(status_of(error), error.code.value, error.message, retry_headers(error))


def status_of(error: RequestError) -> int:
    """Return the status of a refusal."""
    return _STATUS.get(error.code, 500)


def retry_headers(error: RequestError) -> dict[str, str]:
    """Return the header that says when to try again, where that is known."""
    if error.retry_after_s is None:
        return {}
    return {"Retry-After": str(max(round(error.retry_after_s), 1))}
