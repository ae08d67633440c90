"""The lines of a body as they arrive, in groups."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from itertools import takewhile

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
            line is; those before it were yielded. `bad_value`: there are more lines.
    """
    num_left, num_before = max_lines, 0
    async with aclosing(_as_they_come(receive, max_line_bytes)) as parts:
        async for part in parts:
            fitting = list(takewhile(lambda line: len(line) <= max_line_bytes, part))
            lines = [line for line in fitting if line.strip()]
            for at in range(0, min(len(lines), num_left), group_lines):
                yield lines[at : min(at + group_lines, num_left)]
            num_left -= len(lines)
            if num_left < 0:
                raise RequestError(ErrorCode.BAD_VALUE, f"there are more than {max_lines} lines")
            num_before += len(fitting)
            if len(fitting) < len(part):
                raise RequestError(
                    ErrorCode.TEXT_TOO_LONG,
                    f"line {num_before + 1} has more than {max_line_bytes} bytes",
                )


async def _as_they_come(receive: Receive, max_line_bytes: int) -> AsyncGenerator[list[bytes], None]:
    """Yield the lines that end in each part, and the start of one that is too long already."""
    rest, more, ends_at = bytearray(), True, anyio.current_time() + MAX_BODY_S
    while more:
        part, more = await _next_part(receive, ends_at)
        # Not in all of `rest`: a long line that comes in small parts would be searched for each.
        end = len(rest) + found + 1 if (found := part.rfind(b"\n")) >= 0 else 0
        rest += part
        *lines, last = bytes(rest[:end] if more else rest).split(b"\n")
        del rest[:end]
        if not more:
            lines.append(last)
        elif len(rest) > max_line_bytes:
            lines.append(bytes(rest))
        yield lines


async def _next_part(receive: Receive, ends_at: float) -> tuple[bytes, bool]:
    try:
        with anyio.fail_after(min(BODY_TIMEOUT_S, ends_at - anyio.current_time())):
            message = await receive()
    except TimeoutError as error:
        raise RequestError(ErrorCode.STALLED, "the body did not arrive in time") from error
    if message["type"] == "http.disconnect":
        raise ClientDisconnect
    return message.get("body", b""), message.get("more_body", False)
