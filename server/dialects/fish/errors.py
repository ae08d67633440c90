"""Errors as Fish Audio's SDKs read them: these two fields, and no other."""

from starlette.responses import JSONResponse

from protocol.codes import ErrorCode
from server.errors import RequestError
from server.problems import retry_headers, status_of

#: Whatever is wrong with a request is a 400 there, a voice that is not found too.
_STATUS = {
    ErrorCode.BAD_VALUE: 400,
    ErrorCode.UNKNOWN_VOICE: 400,
    ErrorCode.UNSUPPORTED: 400,
    ErrorCode.TEXT_TOO_LONG: 400,
}


def error_response(error: RequestError) -> JSONResponse:
    """Say a refusal."""
    status = _STATUS.get(error.code) or status_of(error)
    return other_error(status, error.message, retry_headers(error))


def other_error(status: int, message: str, headers: dict[str, str] | None = None) -> JSONResponse:
    """Say what only HTTP can get wrong. The older SDK falls over any field beside these."""
    return JSONResponse({"status": status, "message": message}, status, headers)
