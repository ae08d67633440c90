"""An echo that falls silent: each line that is typed is spoken, and cuts the one before it short.

It writes 16-bit samples to its standard output as they sound, silence too, for a player to take:
python -m examples.echo ws://127.0.0.1:8080/ws/tts | aplay -q -f S16_LE -r 24000 -B 100000
"""

import os
import sys
import time
from collections.abc import AsyncGenerator

import anyio
from anyio.to_thread import run_sync

from protocol.client import ClientConnection, connect
from protocol.messages import Audio

RATE_HZ = 24_000
BYTES_PER_SAMPLE = 2
#: What the player gets at a time, and so about how long it sounds behind a cut.
PIECE_S = 0.02
#: A line of a terminal is no longer.
MAX_READ_BYTES = 4_096
PIECE_BYTES = round(PIECE_S * RATE_HZ) * BYTES_PER_SAMPLE


class Speaker:
    """Plays what it has at the pace in which it sounds, and silence where it has nothing."""

    def __init__(self) -> None:
        self._waiting = bytearray()
        self._num_played = 0
        self._is_silent = anyio.Event()

    def play(self, pcm: bytes) -> None:
        """Append audio."""
        self._waiting += pcm
        self._is_silent = anyio.Event()

    def cut(self) -> int:
        """Throw away what waits; return how many samples were played since the last cut."""
        played, self._num_played = self._num_played, 0
        self._waiting.clear()
        return played

    async def until_silent(self) -> None:
        """Wait until all was played that there was."""
        await self._is_silent.wait()

    async def run(self) -> None:
        """Play for ever."""
        began_s, num_pieces = time.monotonic(), 0
        while True:
            piece = bytes(self._waiting[:PIECE_BYTES])
            del self._waiting[:PIECE_BYTES]
            self._num_played += len(piece) // BYTES_PER_SAMPLE
            # In a thread: a player that is behind holds up nothing else.
            await run_sync(_write, piece.ljust(PIECE_BYTES, b"\0"))
            if not self._waiting:
                self._is_silent.set()
            num_pieces += 1
            await anyio.sleep(max(0.0, began_s + num_pieces * PIECE_S - time.monotonic()))


async def typed() -> AsyncGenerator[str]:
    """Yield the lines of standard input as they come."""
    rest = b""
    while data := await _read(sys.stdin.fileno()):
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            yield line.decode().strip()
    if rest:
        yield rest.decode().strip()


async def _read(descriptor: int) -> bytes:
    # Not in a thread: where the server goes, the process would wait for another line.
    try:
        await anyio.wait_readable(descriptor)
    except PermissionError:
        # A file has no readiness to wait for: it is always ready.
        await anyio.lowlevel.checkpoint()
    return os.read(descriptor, MAX_READ_BYTES)


def _write(piece: bytes) -> None:
    sys.stdout.buffer.write(piece)
    sys.stdout.buffer.flush()


async def speak(
    connection: ClientConnection, speaker: Speaker, line: str, scope: anyio.CancelScope
) -> None:
    """Speak a line until `scope` is cancelled, and say what of it was heard."""
    with scope:
        async with connection.stream(sample_rate=RATE_HZ) as stream:
            try:
                await stream.send_text(line)
                await stream.end()
                async for event in stream:
                    if isinstance(event, Audio):
                        speaker.play(event.pcm)
                await speaker.until_silent()
            finally:
                with anyio.CancelScope(shield=True):
                    silence = await stream.cancel(played=speaker.cut())
                print(f"heard: {line[: silence.heard or 0]!r}", file=sys.stderr)


async def main(url: str) -> None:
    """Speak line after line, until there are no more and the last one was spoken."""
    async with connect(url) as connection, anyio.create_task_group() as playing:
        speaker = Speaker()
        playing.start_soon(speaker.run)
        async with anyio.create_task_group() as speaking:
            scope = anyio.CancelScope()
            async for line in typed():
                # An empty line is for those who want silence.
                scope.cancel()
                scope = anyio.CancelScope()
                if line:
                    speaking.start_soon(speak, connection, speaker, line, scope)
        playing.cancel_scope.cancel()


if __name__ == "__main__":
    if len(sys.argv) != 2:  # noqa: PLR2004 the program and its URL
        sys.exit("usage: python -m examples.echo ws://127.0.0.1:8080/ws/tts")
    anyio.run(main, sys.argv[1])
