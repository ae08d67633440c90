"""Bodies while they arrive: each is bounded, and so are all together."""

from collections.abc import Callable
from typing import TypeVar

import anyio
from anyio import to_thread
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope

from protocol.codes import ErrorCode
from server.bodies.coding import check_coding
from server.errors import RequestError

_T = TypeVar("_T")

#: A body has arrived by then or never will: a text is a few kilobytes, and the largest recording
#: comes at 4 Mbit/s.
BODY_TIMEOUT_S = 30.0
#: What JSON makes of one character at most: two surrogates, each as `\uXXXX`.
_BYTES_PER_CHAR = 12
#: Room for the fields beside the text, and for white space.
_OTHER_BYTES = 16_384
#: So many of the largest may arrive at once, or thousands of those that people write: a crowd that
#: never ends them can hold no more.
LARGEST_AT_ONCE = 3
#: Parsed within a millisecond or two: any text, but no recording.
_CHEAP_BYTES = 1 << 18
#: Those that do arrive have done so by then.
RETRY_AFTER_S = 1.0


def max_body_bytes(max_text_chars: int, max_audio_bytes: int) -> int:
    """Return how long a JSON body can be with so many characters, and so much audio in base64."""
    return max_text_chars * _BYTES_PER_CHAR + -(-max_audio_bytes // 3) * 4 + _OTHER_BYTES


class Bodies:
    """Reads bodies, and counts what is there of those that are not parsed yet."""

    def __init__(self, max_body_bytes: int) -> None:
        self._max_body_bytes = max_body_bytes
        self._max_arriving_bytes = LARGEST_AT_ONCE * max_body_bytes
        self._num_bytes = 0

    async def parsed(self, scope: Scope, receive: Receive, parse: Callable[[bytearray], _T]) -> _T:
        """Return what `parse` makes of a whole body; of a large one, in a worker thread.

        Raises:
            ClientDisconnect: the client has left.
            RequestError: `unsupported` where it is compressed, `text_too_long`, `stalled`,
                `overloaded` by the bodies of others, or what `parse` raises.
        """
        check_coding(scope)
        body = bytearray()
        try:
            await self._read(receive, body)
            if len(body) <= _CHEAP_BYTES:
                return parse(body)
            return await to_thread.run_sync(parse, body)
        finally:
            self._num_bytes -= len(body)

    async def _read(self, receive: Receive, body: bytearray) -> None:
        try:
            with anyio.fail_after(BODY_TIMEOUT_S):
                while await self._read_part(receive, body):
                    pass
        except TimeoutError as error:
            raise RequestError(ErrorCode.STALLED, "the body did not arrive in time") from error

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
        if self._num_bytes > self._max_arriving_bytes:
            raise RequestError(
                ErrorCode.OVERLOADED, "too much is arriving at once", retry_after_s=RETRY_AFTER_S
            )
        return bool(message.get("more_body", False))
