"""The lines of a body as they arrive, in groups."""

from collections.abc import AsyncGenerator

import anyio
from starlette.requests import ClientDisconnect
from starlette.types import Receive

from protocol.codes import ErrorCode
from server.bodies.arriving import BODY_TIMEOUT_S
from server.errors import RequestError

#: All of a body has come by then, from whoever means to end it: few may send one at a time, and who
#: sends a byte now and then would keep the others out.
MAX_BODY_S = 600.0


async def lines_of(
    receive: Receive, group_lines: int, max_line_bytes: int, max_lines: int
) -> AsyncGenerator[list[bytes], None]:
    """Yield the lines that are not blank, up to `group_lines` at once, and `max_lines` in all.

    Raises:
        ClientDisconnect: the client has left.
        RequestError: `stalled`: nothing came for too long, or never all of it. `text_too_long`: a
            line is. `bad_value`: there are more lines.
    """
    num_left = max_lines
    rest, more, ends_at = bytearray(), True, anyio.current_time() + MAX_BODY_S
    while more:
        part, more = await _next_part(receive, ends_at)
        # Not in all of `rest`: a long line that comes in small parts would be searched for each.
        end = len(rest) + found + 1 if (found := part.rfind(b"\n")) >= 0 else 0
        rest += part
        if not more:
            end = len(rest)
        lines = [line for line in bytes(rest[:end]).split(b"\n") if line.strip()]
        del rest[:end]
        if max(map(len, (rest, *lines))) > max_line_bytes:
            raise RequestError(
                ErrorCode.TEXT_TOO_LONG, f"a line has more than {max_line_bytes} bytes"
            )
        for at in range(0, min(len(lines), num_left), group_lines):
            yield lines[at : min(at + group_lines, num_left)]
        num_left -= len(lines)
        if num_left < 0:
            raise RequestError(ErrorCode.BAD_VALUE, f"there are more than {max_lines} lines")


async def _next_part(receive: Receive, ends_at: float) -> tuple[bytes, bool]:
    try:
        with anyio.fail_after(min(BODY_TIMEOUT_S, ends_at - anyio.current_time())):
            message = await receive()
    except TimeoutError as error:
        raise RequestError(ErrorCode.STALLED, "the body did not arrive in time") from error
    if message["type"] == "http.disconnect":
        raise ClientDisconnect
    return message.get("body", b""), message.get("more_body", False)
