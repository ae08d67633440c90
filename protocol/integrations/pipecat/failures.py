# ruff: noqa: TID252 - the same files are installed under another name
"""What went wrong, in Pipecat's categories, from which it decides whether to go on."""

from pipecat.utils.errors import ErrorCategory

from ...client import ConnectFailed, ConnectionLost, StreamError
from ...codes import ErrorCode
from ...errors import LocalProtocolError

_CATEGORIES = {
    ErrorCode.UNAUTHORIZED: ErrorCategory.AUTHORIZATION,
    ErrorCode.UNKNOWN_VOICE: ErrorCategory.INVALID_REQUEST,
    ErrorCode.UNSUPPORTED: ErrorCategory.INVALID_REQUEST,
    ErrorCode.BAD_VALUE: ErrorCategory.INVALID_REQUEST,
    # Of one text, and nothing is wrong with the service.
    ErrorCode.TEXT_TOO_LONG: ErrorCategory.APPLICATION,
    ErrorCode.QUOTA: ErrorCategory.QUOTA,
    ErrorCode.OVERLOADED: ErrorCategory.RATE_LIMIT,
    ErrorCode.TOO_MANY_STREAMS: ErrorCategory.RATE_LIMIT,
}


def category(error: BaseException) -> ErrorCategory | None:
    """Return the category of an error of the client's, or `None` where Pipecat knows better."""
    match error:
        case StreamError():
            return _CATEGORIES.get(error.code, ErrorCategory.SERVER)
        case LocalProtocolError():
            return ErrorCategory.APPLICATION
        case ConnectionLost() | ConnectFailed(status_code=None):
            return ErrorCategory.CONNECTIVITY
        case _:
            return None
