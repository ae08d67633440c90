"""A stream of a connection: the server's `Stream` in the words of the wire."""

from collections import deque

from protocol.codes import ErrorCode
from protocol.messages import (
    Audio,
    Blocked,
    Cancel,
    Cancelled,
    Done,
    Error,
    Flushed,
    Mark,
    MessageId,
    ServerMessage,
)
from server.errors import RequestError
from server.stream import (
    AudioPiece,
    CreditUsedUp,
    FlushReached,
    MarkReached,
    Stream,
    StreamDone,
    StreamEvent,
    StreamFailed,
)

#: Flushes that may wait for their audio: one a word of the longest text would be fewer.
MAX_WAITING_FLUSHES = 4_096


class LiveStream:
    """Names the stream, remembers flush ids and marks, and keeps the times that end it."""

    def __init__(self, number: int, stream: Stream, now_s: float) -> None:
        self.number = number
        self.stream = stream
        self.opened_s = now_s
        self.text_s = now_s
        self.text_ended = False
        self.blocked_since_s: float | None = None
        self._flush_ids: deque[MessageId | None] = deque()
        self._marks: list[tuple[int, int]] = []

    def flush(self, flush_id: MessageId | None) -> None:
        """Pass a flush on. Tokens are answered in order, so the ids wait in order.

        Raises:
            RequestError: too many of them wait already.
        """
        if len(self._flush_ids) >= MAX_WAITING_FLUSHES:
            raise RequestError(ErrorCode.BAD_STATE, "too many flushes wait for their audio")
        self._flush_ids.append(flush_id)
        self.stream.flush(len(self._flush_ids))

    def message(self, event: StreamEvent, now_s: float) -> ServerMessage:
        """Say an event on the wire."""
        match event:
            case AudioPiece(at, pcm):
                return Audio(self.number, at, pcm.astype("<i2", copy=False).tobytes())
            case MarkReached(at, start, end, unit):
                self._marks.append((at, end))
                return Mark(self.number, at, start, end, unit.value)
            case FlushReached(_, at):
                return Flushed(self.number, self._flush_ids.popleft(), at)
            case CreditUsedUp(at):
                self.blocked_since_s = now_s
                return Blocked(self.number, at)
            case StreamDone(samples, reason):
                return Done(self.number, samples, reason.value)
            case StreamFailed(code, text):
                return Error(code, text, code.retryable, stream=self.number)

    def cancelled(self, cancel: Cancel) -> Cancelled:
        """Say what was sent, and what was heard if the caller knows how much was played."""
        heard = None if cancel.played is None else self._heard(cancel.played)
        return Cancelled(self.number, self.stream.sent, heard)

    def _heard(self, played: int) -> int:
        """Return the end of the last mark whose audio has wholly played.

        A mark's audio ends where the next one of the same or a later text begins.
        """
        heard = 0
        for index, (_, end) in enumerate(self._marks):
            later = [at for at, other in self._marks[index + 1 :] if other > end]
            ends_at = later[0] if later else self.stream.sent
            if played >= ends_at:
                heard = max(heard, end)
        return heard
