"""What a caller is told when a request cannot be served, whatever dialect it speaks."""

from protocol.codes import ErrorCode


class RequestError(Exception):
    """A request was refused or failed, for a reason with a code of the wire specification."""

    def __init__(
        self, code: ErrorCode, message: str, *, retry_after_s: float | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.retry_after_s = retry_after_s
