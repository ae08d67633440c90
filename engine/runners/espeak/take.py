"""What the library says in one call: sound and word events, and where to stop it."""

import numpy as np

from engine.runners.espeak.library import SAMPLE_RATE_HZ, WordEvent
from engine.runners.espeak.text import Word
from engine.steps import Pcm

#: 6 s, about 5 ms of work. Twelve English words at their own pace take 4 to 5 s: one burst. What is
#: slower or longer is joined between two words. A call may make more: see `MIN_RUN_CHARS`.
BURST_SAMPLES = 6 * SAMPLE_RATE_HZ


class Take:
    """Listens to one call, and stops it at a burst.

    The library's events are fewer than the words ("of the" is one to it), or more (every part of a
    number has one): the first event within a word is when it begins.
    """

    def __init__(self, coming: list[Word], offset: int, *, must_end: bool) -> None:
        """Expect the words `coming`; the library's position 0 is `offset` in their text.

        With `must_end` a first word longer than a burst is heard out.
        """
        self._coming = coming
        self._offset = offset
        self._must_end = must_end
        self._pcm = bytearray()
        self._begins: dict[Word, int] = {}
        #: The word that the next call has to begin with, None where all was spoken.
        self.cut: Word | None = None
        #: A burst was made and no word but the first had begun: nothing can be kept.
        self.failed = False

    def hear(self, pcm: bytes, events: list[WordEvent]) -> bool:
        """Take what comes; true stops the call."""
        self._pcm += pcm
        for event in events:
            word = self._word_at(event.position + self._offset)
            if word is not None:
                self._begins.setdefault(word, event.at)
        if len(self._pcm) < BURST_SAMPLES * self._item_size:
            return False
        begun = [word for word in self._begins if word is not self._coming[0]]
        if begun:
            self.cut = max(begun, key=lambda word: word.start)
        else:
            self.failed = not self._must_end
        return self.cut is not None or self.failed

    def sound(self) -> Pcm:
        """Return what was said before the cut: mono int16."""
        heard = np.frombuffer(bytes(self._pcm), np.int16)
        return heard if self.cut is None else heard[: self._begins[self.cut]]

    def times(self, stop: int) -> list[tuple[Word, int]]:
        """Return the words before `stop` with the sample at which each begins, in order.

        A word without an event lies between its neighbours, as far as it does in the text.
        """
        spoken = [word for word in self._coming if word.start < stop]
        length = len(self.sound())
        known = {word.start: at for word, at in self._begins.items() if word.start < stop}
        known.setdefault(spoken[0].start, 0)
        known[stop] = length
        places = sorted(known)
        at = np.minimum(np.maximum.accumulate([known[place] for place in places]), length)
        times = np.interp([word.start for word in spoken], places, at)
        return [(word, int(time)) for word, time in zip(spoken, times, strict=True)]

    @property
    def _item_size(self) -> int:
        return np.dtype(np.int16).itemsize

    def _word_at(self, position: int) -> Word | None:
        return next((w for w in self._coming if w.start <= position < w.end), None)
