"""`voxline call`: speak a text through a running server."""

import argparse
from contextlib import aclosing, suppress
from typing import Any, cast

import anyio
import numpy as np
from anyio import to_thread

from protocol.client import ClientError, Stream, StreamOptions, connect
from protocol.errors import ProtocolError
from protocol.messages import Audio
from server.commands.errors import CommandError, first_cause
from server.commands.live_text import read_pieces
from server.commands.output import Output
from server.commands.text import STANDARD_INPUT, read_text

_VOICE_FLAGS = ("voice", "language", "speed", "pitch", "volume_db", "sample_rate")


def call(flags: argparse.Namespace) -> int:
    """Speak `flags.text` through `flags.url`, and play or save it."""
    if flags.text != STANDARD_INPUT:
        read_text(flags.text)
    # Around the event loop, since leaving it waits until a player has played.
    with Output(flags.output) as output:
        try:
            anyio.run(_call, flags, output)
        except (ExceptionGroup, ClientError, ProtocolError) as error:
            raise _said(first_cause(error)) from None
    return 0


async def _call(flags: argparse.Namespace, output: Output) -> None:
    async with connect(flags.url) as connection:
        options = _options(flags)
        options.setdefault("sample_rate", output.natural_rate(connection.ready.sample_rate))
        async with connection.stream(**options) as stream, anyio.create_task_group() as tasks:
            tasks.start_soon(_send_text, stream, flags.text)
            await _receive(stream, output)
            # It ended; whatever is still typed belongs to nothing.
            tasks.cancel_scope.cancel()


def _options(flags: argparse.Namespace) -> StreamOptions:
    named: dict[str, Any] = {name: getattr(flags, name) for name in _VOICE_FLAGS}
    given = {name: value for name, value in named.items() if value is not None}
    return cast("StreamOptions", given)


async def _receive(stream: Stream, output: Output) -> None:
    """Write the audio as it comes. The player or the file sets the pace, and credit follows it."""
    rate_hz = (await stream.wait_opened()).sample_rate
    async for event in stream:
        if isinstance(event, Audio):
            pcm = np.frombuffer(event.pcm, "<i2")
            await to_thread.run_sync(output.write, pcm, rate_hz)
            stream.report_played(event.at + len(pcm))


async def _send_text(stream: Stream, text: str) -> None:
    # The receiver is told the same.
    with suppress(ClientError):
        async with aclosing(read_pieces(text)) as pieces:
            async for piece in pieces:
                await stream.send_text(piece)
        await stream.end()


def _said(error: Exception) -> Exception:
    return CommandError(str(error)) if isinstance(error, ClientError | ProtocolError) else error
