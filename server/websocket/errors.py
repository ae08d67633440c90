"""Faults and refusals in the words of the wire."""

from protocol.codes import ErrorCode
from protocol.messages import Error
from server.errors import RequestError

#: The close code of RFC 6455, 7.4.1, for a server that could not go on.
INTERNAL_ERROR = 1011
#: And for the end of a connection that nobody has closed, which is never sent.
GONE = 1006


def connection_error(code: ErrorCode, text: str) -> Error:
    """Say what ends a connection."""
    return Error(code, text, code.retryable)


def stream_error(stream: int, error: RequestError) -> Error:
    """Say why a stream is refused, or ends."""
    return Error(
        error.code,
        error.message,
        error.code.retryable,
        stream=stream,
        retry_after_s=error.retry_after_s,
    )
