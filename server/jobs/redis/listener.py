"""Somebody who follows a take, and what was read for them."""

from collections import deque
from collections.abc import AsyncGenerator, Iterable

import anyio

from server.jobs.redis.audio import Piece
from server.jobs.spool import SpoolAbandoned

#: Read ahead for each: a megabyte at most.
MAX_PIECES = 8


class Listener:
    """Follows the take at `key` from the byte `start` on."""

    def __init__(self, key: str, start: int) -> None:
        self.key = key
        #: Up to where in the take it was read.
        self.read_to = start
        self.since = anyio.current_time()
        #: Whether the take is known to have been there.
        self.is_seen = False
        self._position = start
        self._pieces: deque[Piece] = deque()
        self._error: Exception | None = None
        self._changed = anyio.Event()

    @property
    def wants_more(self) -> bool:
        """Tell whether there is room for what may be read."""
        return self._error is None and len(self._pieces) < MAX_PIECES

    def feed(self, pieces: Iterable[Piece]) -> None:
        """Take what was read of the take and is new."""
        for piece in pieces:
            self.is_seen = True
            if piece.end > self.read_to or piece.is_last:
                self._pieces.append(piece)
                self.read_to = max(piece.end, self.read_to)
        self._changed.set()

    def fail(self, error: Exception) -> None:
        """Raise this once all that was read has been heard."""
        self._error = error
        self._changed.set()

    async def audio(self) -> AsyncGenerator[bytes, None]:
        """Yield the audio to the end of the take.

        Raises:
            SpoolAbandoned: it was given up, or what comes next was trimmed.
            Exception: whatever it failed with.
        """
        while True:
            while self._pieces:
                piece = self._pieces.popleft()
                if piece.is_complete:
                    return
                if audio := self._next(piece):
                    yield audio
            if self._error is not None:
                raise self._error
            self._changed = anyio.Event()
            await self._changed.wait()

    def _next(self, piece: Piece) -> bytes:
        if piece.is_abandoned:
            raise SpoolAbandoned
        try:
            audio = piece.after(self._position)
        except ValueError as error:
            raise SpoolAbandoned from error
        self._position = piece.end
        return audio
