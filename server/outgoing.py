"""What waits to be sent of one stream: audio, and what is said between its samples.

Marks and ends stand at a sample. Audio before and after a mark may leave in one piece, since a mark
need only come before the piece that contains its sample; nothing else is passed over.
"""

from collections import deque
from collections.abc import Callable

import numpy as np

from engine.steps import Pcm
from server.stream_events import AudioPiece, MarkReached, StreamEvent

#: No message carries more than a fifth of a second: an interruption should not wait behind more.
PIECES_PER_S = 5
_Event = StreamEvent | None


class Outgoing:
    """A queue that gives pieces as full as they may be."""

    def __init__(self, sample_rate_hz: int) -> None:
        self.sent = 0
        #: The end of the audio that is here.
        self.available = 0
        #: The greatest length of a piece.
        self.max_piece = sample_rate_hz // PIECES_PER_S
        self._audio: deque[Pcm] = deque()
        self._events: deque[tuple[int, _Event]] = deque()

    def put_audio(self, pcm: Pcm) -> None:
        """Append samples, shape (samples,) int16."""
        if len(pcm):
            self._audio.append(pcm)
            self.available += len(pcm)

    def put_event(self, at: int, event: _Event) -> None:
        """Say `event` once all before sample `at` is sent. None says nothing, but ends a piece."""
        self._events.append((at, event))

    def fail(self, event: StreamEvent) -> None:
        """Say `event` next, and nothing after it."""
        self.clear()
        self._events.append((self.sent, event))

    def clear(self) -> None:
        """Forget all that waits."""
        self._audio.clear()
        self._events.clear()
        self.available = self.sent

    def next(self, granted: int, may_hold: Callable[[], bool]) -> StreamEvent | None:
        """Take what can be sent within `granted`; a piece that is not full unless it `may_hold`.

        A piece is full at its greatest length, and where something other than a mark stands behind
        it.
        """
        full = self._full_end()
        end = min(self.available, granted, full)
        has_piece = end > self.sent and (end == full or not may_hold())
        due = self._due(end - 1 if has_piece else self.sent)
        if due is not None:
            return due
        return self._cut(end) if has_piece else None

    def _full_end(self) -> int:
        end = self.sent + self.max_piece
        for at, event in self._events:
            if not isinstance(event, MarkReached):
                return min(end, at)
        return end

    def _due(self, at: int) -> StreamEvent | None:
        at = max(at, self.sent)
        while self._events and self._events[0][0] <= at:
            event = self._events.popleft()[1]
            if event is not None:
                return event
        return None

    def _cut(self, end: int) -> AudioPiece:
        parts: list[Pcm] = []
        missing = end - self.sent
        while missing:
            head = self._audio.popleft()
            if len(head) > missing:
                self._audio.appendleft(head[missing:])
                head = head[:missing]
            parts.append(head)
            missing -= len(head)
        piece = AudioPiece(self.sent, parts[0] if len(parts) == 1 else np.concatenate(parts))
        self.sent = end
        return piece
