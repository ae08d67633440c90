"""Errors as Fish Audio's SDKs read them: these two fields, and no other."""

from starlette.responses import JSONResponse

from protocol.codes import ErrorCode
from server.dialects.status import foreign_status_of
from server.errors import RequestError
from server.problems import retry_headers


def error_response(error: RequestError) -> JSONResponse:
    """Say a refusal."""
    return other_error(foreign_status_of(error), error.message, retry_headers(error))


def voice_error(error: RequestError) -> JSONResponse:
    """Say that a route of voices refuses."""
    return other_error(voice_status_of(error), error.message, retry_headers(error))


def voice_status_of(error: RequestError) -> int:
    """Return the status where voices are what is asked for: one that is not there is a 404."""
    return 404 if error.code is ErrorCode.UNKNOWN_VOICE else foreign_status_of(error)


def other_error(status: int, message: str, headers: dict[str, str] | None = None) -> JSONResponse:
    """Say what only HTTP can get wrong. The older SDK falls over any field beside these."""
    return JSONResponse({"status": status, "message": message}, status, headers)
