"""The text of a call: an argument, or standard input as it comes."""

import codecs
import os
from collections.abc import AsyncGenerator

import anyio

from server.commands.text import STANDARD_INPUT, input_descriptor, not_utf8, read_text

#: A line of a terminal is no longer, and no server's limit on one message is smaller.
_PIECE_BYTES = 4_096


async def read_pieces(argument: str) -> AsyncGenerator[str]:
    """Yield the text in pieces. Waiting for standard input can be cancelled.

    Raises:
        CommandError: an argument is blank, or standard input is not UTF-8.
    """
    if argument != STANDARD_INPUT:
        yield read_text(argument)
        return
    descriptor = input_descriptor()
    decoder = codecs.getincrementaldecoder("utf-8")()
    while data := await _read(descriptor):
        yield _decode(decoder, data)
    yield _decode(decoder, b"", final=True)


async def _read(descriptor: int) -> bytes:
    # Not in a thread: that could not be cancelled, and the process would wait for it.
    try:
        await anyio.wait_readable(descriptor)
    except PermissionError:
        # A regular file has no readiness to wait for: it is always ready.
        await anyio.lowlevel.checkpoint()
    return os.read(descriptor, _PIECE_BYTES)


def _decode(decoder: codecs.IncrementalDecoder, data: bytes, *, final: bool = False) -> str:
    try:
        return decoder.decode(data, final)
    except UnicodeDecodeError as error:
        raise not_utf8() from error
