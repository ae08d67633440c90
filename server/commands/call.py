"""`voxline call`: speak a text through a running server."""

import argparse
import sys
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, cast

import anyio
import numpy as np
from anyio import to_thread

from protocol.client import ClientError, Stream, StreamOptions, connect
from protocol.messages import Audio
from server.commands.output import Output, Progress, open_output
from server.commands.playing import open_player
from server.errors import RequestError

_VOICE_FLAGS = ("voice", "language", "speed", "pitch", "volume_db", "sample_rate")


def call(flags: argparse.Namespace) -> int:
    """Speak `flags.text` through `flags.url`, and play or save it."""
    failures: list[str] = []
    try:
        anyio.run(_call, flags)
    except* (ClientError, RequestError) as group:
        failures += map(str, group.exceptions)
    for failure in failures:
        print(f"voxline: {failure}", file=sys.stderr)
    return 1 if failures else 0


async def _call(flags: argparse.Namespace) -> None:
    async with connect(flags.url) as connection, connection.stream(**_options(flags)) as stream:
        rate_hz = (await stream.wait_opened()).sample_rate
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_send_text, stream, flags.text)
            with _target(flags.output, rate_hz) as output:
                progress = Progress(rate_hz)
                await _receive(stream, output, progress)
            progress.finish(Path(flags.output) if flags.output else None)


def _options(flags: argparse.Namespace) -> StreamOptions:
    named: dict[str, Any] = {name: getattr(flags, name) for name in _VOICE_FLAGS}
    given = {name: value for name, value in named.items() if value is not None}
    return cast("StreamOptions", given)


async def _receive(stream: Stream, output: Output, progress: Progress) -> None:
    """Write the audio as it comes. The player or the file sets the pace, and credit follows it."""
    async for event in stream:
        if isinstance(event, Audio):
            pcm = np.frombuffer(event.pcm, "<i2")
            await to_thread.run_sync(output.write, pcm)
            stream.report_played(event.at + len(pcm))
            progress.advance(len(pcm))


async def _send_text(stream: Stream, text: str) -> None:
    async for part in _parts(text):
        await stream.send_text(part)
    await stream.end()


async def _parts(text: str) -> AsyncIterator[str]:
    if text != "-":
        yield text
        return
    async for line in anyio.wrap_file(sys.stdin):
        yield line


def _target(output: str, rate_hz: int) -> AbstractContextManager[Output]:
    return open_output(output, rate_hz) if output else open_player(rate_hz)
