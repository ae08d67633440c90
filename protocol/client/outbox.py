"""Messages on their way to the socket, written by one task in the order they were counted in."""

from collections import deque
from collections.abc import Awaitable, Callable

import anyio

from .errors import ConnectionLost

#: Each task waits for its own message; those that were cancelled meanwhile leave theirs behind, to
#: be sent whole. So many wait only for a server that takes nothing any more.
MAX_WAITING_MESSAGES = 1024


class Outbox:
    """The messages that the socket has still to take. Whoever is cancelled leaves his here."""

    def __init__(self, write: Callable[[bytes], Awaitable[None]]) -> None:
        self._write = write
        self._waiting: deque[tuple[bytes, anyio.Event]] = deque()
        self._filled = anyio.Event()

    def put(self, data: bytes) -> anyio.Event:
        """Queue a message; the event is set once the socket has it, or `close` was called.

        Raises:
            ConnectionLost: too many wait.
        """
        if len(self._waiting) >= MAX_WAITING_MESSAGES:
            raise ConnectionLost(f"{MAX_WAITING_MESSAGES} messages wait for a server to take one")
        taken = anyio.Event()
        self._waiting.append((data, taken))
        self._filled.set()
        return taken

    async def write_forever(self) -> None:
        """Write what is queued.

        Raises:
            ConnectionLost: the socket takes nothing any more.
        """
        while True:
            self._filled = anyio.Event()
            while self._waiting:
                data, taken = self._waiting[0]
                await self._write(data)
                self._waiting.popleft()
                taken.set()
            await self._filled.wait()

    def close(self) -> None:
        """Let go of everything that waits, and of whoever waits for it."""
        for _, taken in self._waiting:
            taken.set()
        self._waiting.clear()
