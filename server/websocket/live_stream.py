"""A stream of a connection: the server's `Stream` in the words of the wire."""

from collections import deque

import anyio

from protocol.codes import ErrorCode
from protocol.encodings import EncodingName
from protocol.messages import (
    Audio,
    Blocked,
    Cancel,
    Cancelled,
    Credit,
    Done,
    End,
    Error,
    Flush,
    Flushed,
    Limits,
    Mark,
    MessageId,
    ServerMessage,
    Text,
)
from server.audio.raw import TO_BYTES
from server.errors import RequestError
from server.stream import Stream
from server.stream_events import (
    AudioPiece,
    CreditUsedUp,
    FlushReached,
    MarkReached,
    StreamDone,
    StreamEvent,
    StreamFailed,
)
from server.websocket.pending import PendingStream

#: Flushes that may wait for their audio, each a few bytes: far more than a listener can tell apart.
MAX_WAITING_FLUSHES = 4_096


class LiveStream:
    """Names the stream, remembers flush ids, and keeps the times that end it."""

    def __init__(self, number: int, stream: Stream | PendingStream, encoding: EncodingName) -> None:
        self.number = number
        self.stream = stream
        self.opened_s = anyio.current_time()
        #: When text came or audio left for the last time, as far as `expiry` knows.
        self._active_s = self.opened_s
        self._sent = 0
        self._to_bytes = TO_BYTES[encoding]
        self.text_ended = False
        self._stalled_s: float | None = None
        self._flush_ids: deque[MessageId | None] = deque()

    def take(self, message: Text | Flush | End | Credit) -> None:
        """Pass a message on.

        Raises:
            RequestError: too many flushes wait already.
        """
        match message:
            case Text(_, text):
                self._active_s = anyio.current_time()
                self.stream.append(text)
            case Flush(_, flush_id):
                self._flush(flush_id)
            case End():
                self.text_ended = True
                self.stream.end()
            case Credit(_, upto, played):
                self.stream.grant(upto, played)

    def message(self, event: StreamEvent) -> ServerMessage:
        """Say an event on the wire."""
        match event:
            case AudioPiece(at, pcm):
                return Audio(self.number, at, self._to_bytes(pcm))
            case MarkReached(at, start, end, unit):
                return Mark(self.number, at, start, end, unit.value)
            case FlushReached(_, at):
                return Flushed(self.number, self._flush_ids.popleft(), at)
            case CreditUsedUp(at):
                return Blocked(self.number, at)
            case StreamDone(samples, reason):
                return Done(self.number, samples, reason.value)
            case StreamFailed(code, text, retry_after_s):
                return Error(
                    code, text, code.retryable, stream=self.number, retry_after_s=retry_after_s
                )

    def expiry(self, limits: Limits, now_s: float) -> RequestError | None:
        """Say which limit in time has passed, if any. To be asked every second or so."""
        self._look(now_s)
        if self._stalled_s is not None and now_s - self._stalled_s >= limits.stall_s:
            return RequestError(ErrorCode.STALLED, "no credit for too long")
        if now_s - self.opened_s > limits.max_stream_s:
            return RequestError(ErrorCode.TIME_LIMIT, "the stream is too old")
        if not self.text_ended and now_s - self._active_s > limits.idle_stream_s:
            return RequestError(ErrorCode.IDLE, "no text for too long, and none left to speak")
        return None

    def _look(self, now_s: float) -> None:
        # Here, since looking at the clock would cost a message more than all else.
        has_sent = self.stream.sent != self._sent
        if has_sent or self.stream.is_pending:
            self._sent, self._active_s = self.stream.sent, now_s
        if not self.stream.blocked:
            self._stalled_s = None
        elif has_sent or self._stalled_s is None:
            self._stalled_s = now_s

    def cancelled(self, cancel: Cancel) -> Cancelled:
        """Say what was sent, and what was heard if the caller knows how much was played."""
        heard = None if cancel.played is None else self.stream.heard(cancel.played)
        return Cancelled(self.number, self.stream.sent, heard)

    def _flush(self, flush_id: MessageId | None) -> None:
        # Tokens are answered in order, so the ids wait in order.
        if len(self._flush_ids) >= MAX_WAITING_FLUSHES:
            raise RequestError(ErrorCode.BAD_STATE, "too many flushes wait for their audio")
        self._flush_ids.append(flush_id)
        self.stream.flush(len(self._flush_ids))
