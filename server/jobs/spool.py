"""A take while it is made: a file of this machine that grows, and whoever reads it follows.

The store that it lands in and everyone who listens read from the file: however long a note is,
little of it is held in memory. A short one is no file until its store wants one.
"""

import os
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from functools import partial
from io import FileIO
from pathlib import Path

import anyio
from anyio import to_thread

#: Read at once: seconds of any format, and little enough to hold once per listener.
READ_BYTES = 1 << 16
#: Of a take, its last: a file would cost a short one two turns of a thread.
HELD_BYTES = 1 << 16


class SpoolAbandoned(Exception):
    """The take was given up: what was read of it is the start of nothing."""


class Spool:
    """The file of one take. One writes, any number may follow."""

    def __init__(self, path: Path, take: int) -> None:
        """Keep take number `take` in `path`, which must not exist; its folder must."""
        self.path = path
        self.take = take
        self.num_bytes = 0
        self.is_complete = False
        self._is_abandoned = False
        #: None where it has no file yet; closed once the take is over.
        self._file: FileIO | None = None
        self._num_on_disk = 0
        self._recent = b""
        self._changed = anyio.Event()

    async def write(self, data: bytes) -> None:
        """Append to it.

        Raises:
            OSError: the disk refuses it.
        """
        if self._file is not None or self.num_bytes + len(data) > HELD_BYTES:
            await to_thread.run_sync(self._write, data)
        self.num_bytes += len(data)
        self._recent = (self._recent + data)[-HELD_BYTES:]
        self._wake()

    def complete(self) -> None:
        """Say that all was written."""
        self.is_complete = True
        self._close()
        self._wake()

    async def abandon(self) -> None:
        """Give the take up, if it is not complete, and remove the file. Followers are told."""
        self._is_abandoned = not self.is_complete
        self._close()
        self._wake()
        if self._file is not None:
            # A disk takes its time to forget hours of audio.
            with anyio.CancelScope(shield=True):
                await to_thread.run_sync(partial(self.path.unlink, missing_ok=True))

    def save(self) -> None:
        """Have all of a complete take in its file. To be called in a thread.

        Raises:
            OSError: the disk refuses it.
        """
        # One of nothing has a file, too.
        if self._num_on_disk < self.num_bytes or self._file is None:
            self._write(b"")
            self._close()

    def read(self, start: int, most: int) -> bytes:
        """Return up to `most` bytes from `start` on. To be called in a thread.

        Raises:
            SpoolAbandoned: the file has gone.
            OSError: the disk refuses it.
        """
        if self._file is None:
            return self._recent[start : start + most]
        try:
            with self.path.open("rb") as file:
                file.seek(start)
                return file.read(most)
        except FileNotFoundError as error:
            raise SpoolAbandoned from error

    async def completed(self) -> None:
        """Wait until all was written.

        Raises:
            SpoolAbandoned: see there.
        """
        while not self.is_complete:
            await self._growth()

    async def reached(self, num_bytes: int) -> None:
        """Wait until so many bytes were written, or all that will be.

        Raises:
            SpoolAbandoned: see there.
        """
        while self._is_abandoned or (self.num_bytes < num_bytes and not self.is_complete):
            await self._growth()

    async def follow(self, start: int = 0) -> AsyncGenerator[bytes, None]:
        """Yield the bytes from `start` on, as they come, to the end.

        Raises:
            SpoolAbandoned: see there.
            OSError: the disk refuses it, or the file has gone.
        """
        await self.reached(1)
        if self.is_complete and self.num_bytes - start <= len(self._recent):
            if data := self._recent_from(start):
                yield data
            return
        async with AsyncExitStack() as stack:
            file: anyio.AsyncFile[bytes] | None = None
            while True:
                if file is None and self._file is not None:
                    # Now: it may be removed before it is needed.
                    file = await stack.enter_async_context(await self._opened())
                # Decided without a pause between: what comes during one is not missed.
                if self.num_bytes > start:
                    data = self._recent_from(start)
                    if not data and file is not None:
                        data = await self._read(file, start)
                    start += len(data)
                    yield data
                elif self.is_complete:
                    return
                else:
                    await self._growth()

    async def _opened(self) -> anyio.AsyncFile[bytes]:
        try:
            return await anyio.open_file(self.path, "rb")
        except FileNotFoundError as error:
            if self._is_abandoned:
                raise SpoolAbandoned from error
            raise

    def _recent_from(self, start: int) -> bytes:
        """Return the bytes from `start` on, if they were the last to be written.

        Most who follow are there, and a file would want a thread for each of them.
        """
        at = start - (self.num_bytes - len(self._recent))
        return self._recent[at:] if at >= 0 else b""

    async def _read(self, file: anyio.AsyncFile[bytes], start: int) -> bytes:
        num_bytes = min(READ_BYTES, self.num_bytes - start)
        return await to_thread.run_sync(os.pread, file.wrapped.fileno(), num_bytes, start)

    def _write(self, data: bytes) -> None:
        if self._file is None:
            # What is held back here would be lost on a full disk, and closing fail for it.
            self._file = self.path.open("xb", buffering=0)
        # Over the part of a write that failed.
        self._file.seek(self._num_on_disk)
        written = self._recent_from(self._num_on_disk) + data
        rest = memoryview(written)
        while rest:
            rest = rest[self._file.write(rest) :]
        self._num_on_disk += len(written)

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()

    async def _growth(self) -> None:
        if self._is_abandoned:
            raise SpoolAbandoned
        await self._changed.wait()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = anyio.Event()
