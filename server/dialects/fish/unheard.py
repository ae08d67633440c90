"""Text that makes no sound: at which of its flushes a listener is owed some audio all the same."""

from collections import deque

from server.stream_events import AudioPiece, FlushReached, StreamDone, StreamEvent


class Unheard:
    """Follows one stream: its text, its flushes, its samples. A blank text asks for nothing."""

    def __init__(self) -> None:
        self._has_text = False
        #: Of each flush that is to be reached, whether there was text for it.
        self._flushes: deque[bool] = deque()
        self._is_heard = False

    def append(self, text: str) -> None:
        """Take text that the stream was given."""
        self._has_text |= bool(text.strip())

    def flush(self) -> None:
        """Take note that what is there is to be spoken."""
        self._flushes.append(self._has_text)
        self._has_text = False

    def hear(self, event: StreamEvent) -> bool:
        """Take note of what the stream says; tell whether the text up to here made no sound."""
        match event:
            case AudioPiece():
                self._is_heard = True
            case FlushReached():
                return self._is_owed(had_text=self._flushes.popleft())
            case StreamDone():
                return self._is_owed(had_text=self._has_text or any(self._flushes))
        return False

    def _is_owed(self, *, had_text: bool) -> bool:
        is_owed = had_text and not self._is_heard
        self._is_heard = False
        return is_owed
