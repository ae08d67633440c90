"""Errors as OpenAI's clients read them: an object `error`, and a status that they know."""

from starlette.responses import JSONResponse

from server.dialects.status import foreign_status_of
from server.errors import RequestError
from server.problems import retry_headers

_SERVER_ERROR = 500
_TYPES = {401: "authentication_error", 404: "not_found_error", 429: "rate_limit_error"}


def error_response(error: RequestError) -> JSONResponse:
    """Say a refusal. `code` is one of our own, which OpenAI's clients pass on as it is."""
    status = foreign_status_of(error)
    return _response(status, error.message, error.code.value, retry_headers(error))


def other_error(
    status: int, code: str, message: str, headers: dict[str, str] | None = None
) -> JSONResponse:
    """Say what only HTTP can get wrong."""
    return _response(status, message, code, headers or {})


def _response(status: int, message: str, code: str, headers: dict[str, str]) -> JSONResponse:
    fault = "server_error" if status >= _SERVER_ERROR else "invalid_request_error"
    kind = _TYPES.get(status, fault)
    body = {"error": {"message": message, "type": kind, "param": None, "code": code}}
    return JSONResponse(body, status, headers)
