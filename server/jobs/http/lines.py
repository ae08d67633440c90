"""The lines of a body as they arrive, in groups."""

from collections.abc import AsyncGenerator

import anyio
from starlette.requests import ClientDisconnect
from starlette.types import Receive

from protocol.codes import ErrorCode
from server.bodies.arriving import BODY_TIMEOUT_S
from server.errors import RequestError


async def lines_of(
    receive: Receive, group_lines: int, max_line_bytes: int
) -> AsyncGenerator[list[bytes], None]:
    """Yield the lines that are not blank, up to `group_lines` at once.

    Raises:
        ClientDisconnect: the client has left.
        RequestError: `stalled`: nothing came for too long. `text_too_long`: a line is.
    """
    rest, more = bytearray(), True
    while more:
        part, more = await _next_part(receive)
        rest += part
        end = rest.rfind(b"\n") + 1 if more else len(rest)
        lines = [line for line in bytes(rest[:end]).split(b"\n") if line.strip()]
        del rest[:end]
        if max(map(len, (rest, *lines))) > max_line_bytes:
            raise RequestError(
                ErrorCode.TEXT_TOO_LONG, f"a line has more than {max_line_bytes} bytes"
            )
        for at in range(0, len(lines), group_lines):
            yield lines[at : at + group_lines]


async def _next_part(receive: Receive) -> tuple[bytes, bool]:
    try:
        with anyio.fail_after(BODY_TIMEOUT_S):
            message = await receive()
    except TimeoutError as error:
        raise RequestError(ErrorCode.STALLED, "the body did not arrive in time") from error
    if message["type"] == "http.disconnect":
        raise ClientDisconnect
    return message.get("body", b""), message.get("more_body", False)
