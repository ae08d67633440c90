"""What the library says in one call: sound and word events, and where to stop it."""

from engine.runners.espeak.library import SAMPLE_RATE_HZ, WordEvent
from engine.runners.espeak.wire import Report

#: 8 s, about 7 ms of work. Twelve English words at their own pace take 4 to 5 s, and 7 s with an
#: address among them: one burst. What is slower or longer is joined between two words, and sounds
#: so. A call may make more: see `MIN_RUN_CHARS`.
BURST_SAMPLES = 8 * SAMPLE_RATE_HZ
_SAMPLE_BYTES = 2


class Take:
    """Listens to one call, and stops it at a burst.

    The library's events are fewer than the words ("of the" is one to it), or more (every part of a
    number has one): the first event within a word is when it begins.
    """

    def __init__(self, words: list[tuple[int, int]], *, must_end: bool) -> None:
        """Expect `words`, each a slice of the text that is spoken.

        With `must_end` a first word longer than a burst is heard out.
        """
        self._words = words
        self._must_end = must_end
        self._begins: dict[int, int] = {}
        self._cut: int | None = None
        self._failed = False
        #: What was said: PCM16.
        self.pcm = bytearray()

    @property
    def report(self) -> Report:
        """Return what was heard besides the sound."""
        return Report(list(self._begins.items()), self._cut, self._failed)

    def hear(self, pcm: bytes, events: list[WordEvent]) -> bool:
        """Take what comes; true stops the call."""
        self.pcm += pcm
        for event in events:
            word = self._word_at(event.position)
            if word is not None:
                self._begins.setdefault(word, event.at)
        if len(self.pcm) < BURST_SAMPLES * _SAMPLE_BYTES:
            return False
        # None but the first: nothing would be left to say before it.
        self._cut = max((word for word in self._begins if word), default=None)
        self._failed = self._cut is None and not self._must_end
        return self._cut is not None or self._failed

    def _word_at(self, position: int) -> int | None:
        within = (i for i, (start, end) in enumerate(self._words) if start <= position < end)
        return next(within, None)
