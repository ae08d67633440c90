"""The status of a refusal, as other servers choose it: what is wrong with a request is a 400."""

from protocol.codes import ErrorCode
from server.errors import RequestError
from server.problems import status_of

_WRONG = frozenset(
    {
        ErrorCode.BAD_VALUE,
        ErrorCode.UNKNOWN_VOICE,
        ErrorCode.UNSUPPORTED,
        ErrorCode.TEXT_TOO_LONG,
    }
)


def foreign_status_of(error: RequestError) -> int:
    """Return the status."""
    return 400 if error.code in _WRONG else status_of(error)
