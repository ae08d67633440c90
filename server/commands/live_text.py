"""The text of a call: an argument, or standard input as it comes, without blocking a loop."""

import os
from collections.abc import AsyncGenerator

import anyio

from server.commands.text import (
    PIECE_BYTES,
    STANDARD_INPUT,
    TextDecoder,
    check_text,
    input_descriptor,
)


async def read_pieces(argument: str) -> AsyncGenerator[str]:
    """Yield the text in pieces. Waiting for standard input can be cancelled.

    Raises:
        CommandError: an argument is blank, or standard input is closed or not UTF-8.
    """
    if argument != STANDARD_INPUT:
        yield check_text(argument)
        return
    descriptor, decoder = input_descriptor(), TextDecoder()
    while data := await _read(descriptor):
        yield decoder.decode(data)
    yield decoder.decode(b"")


async def _read(descriptor: int) -> bytes:
    # Not in a thread: that could not be cancelled, and the process would wait for it.
    try:
        await anyio.wait_readable(descriptor)
    except PermissionError:
        # A regular file has no readiness to wait for: it is always ready.
        await anyio.lowlevel.checkpoint()
    return os.read(descriptor, PIECE_BYTES)
