# ruff: noqa: TID252 - the same files are installed under another name
"""Everything the client raises on purpose.

ClientError
├── ConnectFailed    there is no connection: refused, unreachable, or not this protocol
├── ConnectionLost   there was one; every stream that was open on it raises this
├── StreamBusy       another task iterates over the stream
├── StreamError      the server ended one stream; the connection lives on
└── StreamLeft       the stream was left before the server had answered

Besides these, `LocalProtocolError` says that the caller asked for what the protocol forbids, such
as text after `end`, half a sample, or more streams than `ready.limits` allows. Nothing was sent
then, and nothing has changed.
"""

from ..codes import ErrorCode
from ..messages import Error


class ClientError(Exception):
    """Base of all errors of the client."""


class ConnectFailed(ClientError):
    """No connection came about. `status_code` is that of an HTTP answer, if there was one."""

    def __init__(
        self, message: str, status_code: int | None = None, retry_after_s: float | None = None
    ) -> None:
        """Say why, and when to try again if the server said so."""
        super().__init__(message)
        self.status_code = status_code
        self.retry_after_s = retry_after_s


class ConnectionLost(ClientError):
    """The connection ended while it was needed.

    `code` is that of the server's last `error`, if it sent one; `close_code` is the WebSocket's.
    """

    def __init__(
        self, message: str, *, code: ErrorCode | None = None, close_code: int | None = None
    ) -> None:
        """Say how it ended."""
        super().__init__(message)
        self.message = message
        self.code = code
        self.close_code = close_code

    def again(self) -> "ConnectionLost":
        """Return one alike: raised in many tasks, a shared one would gather their tracebacks."""
        alike = ConnectionLost(self.message, code=self.code, close_code=self.close_code)
        alike.__cause__ = self.__cause__
        return alike


class StreamBusy(ClientError):
    """Another task iterates over the stream: each of the two would miss what the other gets."""


class StreamLeft(ClientError):
    """The stream was left before the server had answered: nobody knows how it ended."""

    def __init__(self) -> None:
        """Say so."""
        super().__init__("the stream was left before the server had answered")


class StreamError(ClientError):
    """The server ended the stream with `error`; the fields are those of the message."""

    def __init__(
        self, code: ErrorCode, message: str, *, retryable: bool, retry_after_s: float | None = None
    ) -> None:
        """Say what the server said."""
        super().__init__(f"{code.value}: {message}")
        self.code = code
        self.message = message
        self.retryable = retryable
        self.retry_after_s = retry_after_s

    @classmethod
    def of(cls, error: Error) -> "StreamError":
        """Make one of the server's message."""
        return cls(
            error.code,
            error.message,
            retryable=error.retryable,
            retry_after_s=error.retry_after_s,
        )
