"""Errors as Fish Audio's SDKs read them: these two fields, and no other."""

from starlette.responses import JSONResponse

from server.dialects.status import foreign_status_of
from server.errors import RequestError
from server.problems import retry_headers


def error_response(error: RequestError) -> JSONResponse:
    """Say a refusal."""
    return other_error(foreign_status_of(error), error.message, retry_headers(error))


def other_error(status: int, message: str, headers: dict[str, str] | None = None) -> JSONResponse:
    """Say what only HTTP can get wrong. The older SDK falls over any field beside these."""
    return JSONResponse({"status": status, "message": message}, status, headers)
