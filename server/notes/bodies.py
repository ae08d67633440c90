"""The bodies of notes while they arrive: each is bounded, and so are all together."""

import anyio
from starlette.requests import ClientDisconnect
from starlette.types import Receive

from protocol.codes import ErrorCode
from server.errors import RequestError

#: A body has arrived by then or never will: a text is a few kilobytes.
BODY_TIMEOUT_S = 30.0
#: What JSON makes of one character at most: two surrogates, each as `\uXXXX`.
_BYTES_PER_CHAR = 12
#: Room for the fields beside the text, and for white space.
_OTHER_BYTES = 16_384
#: Of all that is there of bodies whose end is not: thousands of those that people write, and all
#: that a crowd which never ends them can hold.
MAX_ARRIVING_BYTES = 1 << 24
#: Those that do arrive have done so by then.
RETRY_AFTER_S = 1.0


def max_body_bytes(max_text_chars: int) -> int:
    """Return how long the body of a note with so many characters can be."""
    return max_text_chars * _BYTES_PER_CHAR + _OTHER_BYTES


class Bodies:
    """Reads bodies, and counts what is there of those that are not whole."""

    def __init__(self, max_body_bytes: int) -> None:
        self._max_body_bytes = max_body_bytes
        self._num_bytes = 0

    async def read(self, receive: Receive) -> bytearray:
        """Return a whole body.

        Raises:
            ClientDisconnect: the client has left.
            RequestError: `text_too_long`, `stalled`, or `overloaded` by the bodies of others.
        """
        body = bytearray()
        try:
            with anyio.fail_after(BODY_TIMEOUT_S):
                while await self._read_part(receive, body):
                    pass
        except TimeoutError as error:
            raise RequestError(ErrorCode.STALLED, "the body did not arrive in time") from error
        finally:
            self._num_bytes -= len(body)
        return body

    async def _read_part(self, receive: Receive, body: bytearray) -> bool:
        """Append what comes next; tell whether more is to come."""
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        part: bytes = message.get("body", b"")
        body += part
        self._num_bytes += len(part)
        if len(body) > self._max_body_bytes:
            raise RequestError(
                ErrorCode.TEXT_TOO_LONG, f"the body has more than {self._max_body_bytes} bytes"
            )
        if self._num_bytes > MAX_ARRIVING_BYTES:
            raise RequestError(
                ErrorCode.OVERLOADED, "too much is arriving at once", retry_after_s=RETRY_AFTER_S
            )
        return bool(message.get("more_body", False))
