"""`voxline call`: speak a text through a running server."""

import argparse
from collections.abc import AsyncIterator
from contextlib import ExitStack, aclosing, asynccontextmanager, suppress
from typing import Any, cast

import anyio
import numpy as np
from anyio.from_thread import start_blocking_portal

from protocol.client import ClientError, Stream, StreamOptions, connect
from protocol.errors import ProtocolError
from protocol.messages import Audio
from server.commands.errors import CommandError, first_cause
from server.commands.live_text import read_pieces
from server.commands.output import Output
from server.commands.speech_arguments import VOICE_FLAGS
from server.commands.text import STANDARD_INPUT, check_text


def call(flags: argparse.Namespace) -> int:
    """Speak `flags.text` through `flags.url`, and play or save it."""
    if flags.text != STANDARD_INPUT:
        check_text(flags.text)
    # Around the connection, since leaving it waits until a player has played.
    with Output(flags.output) as output:
        try:
            _call(flags, output)
        except (ExceptionGroup, ClientError, ProtocolError) as error:
            raise _said(first_cause(error)) from None
    return 0


def _call(flags: argparse.Namespace, output: Output) -> None:
    """Write the audio as it comes. The player or the file sets the pace, and credit follows it.

    The event loop has a thread of its own. Here, in the main thread, Ctrl-C ends a write that
    nobody takes.
    """
    with start_blocking_portal() as portal, ExitStack() as stack:
        speaking = portal.wrap_async_context_manager(_speaking(flags, output))
        stream = speaking.__enter__()
        # Whatever is raised here: the loop's thread would die of a KeyboardInterrupt.
        stack.callback(speaking.__exit__, None, None, None)
        rate_hz, played = portal.call(stream.wait_opened).sample_rate, 0
        while audio := portal.call(_next_audio, stream, played):
            pcm = np.frombuffer(audio.pcm, "<i2")
            output.write(pcm, rate_hz)
            played = audio.at + len(pcm)


@asynccontextmanager
async def _speaking(flags: argparse.Namespace, output: Output) -> AsyncIterator[Stream]:
    """Open the stream, and send its text while the block runs."""
    async with connect(flags.url) as connection:
        options = _options(flags)
        options.setdefault("sample_rate", output.natural_rate(connection.ready.sample_rate))
        async with connection.stream(**options) as stream, anyio.create_task_group() as tasks:
            tasks.start_soon(_send_text, stream, flags.text)
            yield stream
            # It ended; whatever is still typed belongs to nothing.
            tasks.cancel_scope.cancel()


async def _next_audio(stream: Stream, played: int) -> Audio | None:
    """Say how many samples were played; return what comes next, or None at the end."""
    stream.report_played(played)
    async for event in stream:
        if isinstance(event, Audio):
            return event
    return None


def _options(flags: argparse.Namespace) -> StreamOptions:
    named: dict[str, Any] = {name: getattr(flags, name) for name in VOICE_FLAGS}
    given = {name: value for name, value in named.items() if value is not None}
    return cast("StreamOptions", given)


async def _send_text(stream: Stream, text: str) -> None:
    # The receiver is told the same.
    with suppress(ClientError):
        async with aclosing(read_pieces(text)) as pieces:
            async for piece in pieces:
                await stream.send_text(piece)
        await stream.end()


def _said(error: Exception) -> Exception:
    return CommandError(str(error)) if isinstance(error, ClientError | ProtocolError) else error
