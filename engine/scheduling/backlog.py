"""What a sequence has yet to say: text, flushes and the end, cut no sooner than it is needed."""

import re
from collections import deque

from engine.text.rewriter import Rewriter
from engine.text.segment import Segment
from engine.text.segmenter import Segmenter

#: Code points that are segmented at a time: about a clause. Cutting costs some microseconds each,
#: so a step pays for little more than what it speaks next.
PIECE_CHARS = 32

_SOLID = re.compile(r"\S")


class Backlog:
    """Text and flush tokens in their order; what comes out are segments and tokens.

    Text is cut only until something is ready, so neither a command nor a step pays for its length.
    What is cut is rewritten, if a rewriter is given: where to cut does not depend on it.
    """

    def __init__(self, segmenter: Segmenter, rewriter: Rewriter | None = None) -> None:
        self._segmenter = segmenter
        self._rewriter = rewriter
        self._unread: deque[str | int] = deque()
        #: Where the first unread text goes on.
        self._unread_at = 0
        self._ready: deque[Segment | int] = deque()
        self._ended = False

    @property
    def head(self) -> Segment | int | None:
        """Return what comes next: a segment to speak, a token that is reached, or None."""
        return self._ready[0] if self._ready else None

    @property
    def undecided(self) -> bool:
        """Tell whether text is held back that only more text would decide."""
        return self._segmenter.pending and not self._unread and not self._ended

    @property
    def exhausted(self) -> bool:
        """Tell whether all has come out and no more will come in."""
        return self._ended and not self._ready

    def append(self, text: str) -> bool:
        """Add text; tell whether that made a difference: after `end` it is ignored."""
        if self._ended or not text:
            return False
        last = self._unread[-1] if self._unread else None
        if isinstance(last, str) and len(last) < PIECE_CHARS:
            # Else text that came letter by letter would be read so, each in a turn of its own.
            self._unread[-1] = last + text
        else:
            self._unread.append(text)
        self._fill()
        return True

    def flush(self, token: int) -> None:
        """Cut here; `token` comes out behind all text so far."""
        self._unread.append(token)
        self._fill()

    def end(self) -> None:
        """Take note that no more text will come."""
        self._ended = True
        self._fill()

    def expire(self, *, whole: bool) -> None:
        """Let go of what is held back: the `whole` of it, or all but an unfinished word."""
        self._put(self._segmenter.flush() if whole else self._segmenter.expire())

    def pop(self) -> Segment | int:
        """Take the head. There must be one."""
        head = self._ready.popleft()
        self._fill()
        return head

    def _fill(self) -> None:
        while not self._ready and self._unread:
            first = self._unread[0]
            if isinstance(first, str):
                self._put(self._segmenter.feed(self._next_piece(first)))
            else:
                self._put(self._segmenter.flush())
                self._ready.append(first)
                self._unread.popleft()
        if self._ended and not self._ready:
            self._put(self._segmenter.flush())

    def _put(self, segments: list[Segment]) -> None:
        rewriter = self._rewriter
        self._ready.extend(segments if rewriter is None else map(rewriter.rewrite, segments))

    def _next_piece(self, text: str) -> str:
        """Take a piece of `text`, the first that is unread; blanks between segments for nothing."""
        begin = self._unread_at
        end = begin + PIECE_CHARS
        if not self._segmenter.pending:
            solid = _SOLID.search(text, begin)
            end = max(end, solid.start() if solid else len(text))
        self._unread_at = end
        if end >= len(text):
            self._unread.popleft()
            self._unread_at = 0
        return text[begin:end]
