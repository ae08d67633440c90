"""So many of a kind at once, and no more."""

from collections.abc import Iterator
from contextlib import contextmanager

from protocol.codes import ErrorCode
from server.errors import RequestError


class Crowd:
    """Counts those who are there."""

    def __init__(self, most: int, refusal: str, retry_after_s: float) -> None:
        """Let up to `most` in; the others are told `refusal`, and when to come again."""
        self._most = most
        self._refusal = refusal
        self._retry_after_s = retry_after_s
        self._num_there = 0

    @contextmanager
    def joined(self) -> Iterator[None]:
        """Be there inside the block.

        Raises:
            RequestError: `overloaded`.
        """
        if self._num_there >= self._most:
            raise RequestError(
                ErrorCode.OVERLOADED, self._refusal, retry_after_s=self._retry_after_s
            )
        self._num_there += 1
        try:
            yield
        finally:
            self._num_there -= 1
