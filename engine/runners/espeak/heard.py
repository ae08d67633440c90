"""What was heard of a piece of text: its sound, and when each of its words begins."""

import numpy as np

from engine.runners.espeak.text import Word
from engine.runners.espeak.wire import Report
from engine.steps import Pcm


class Heard:
    """The answer to a question, in the words of the segment."""

    def __init__(
        self, coming: list[Word], pcm: Pcm, report: Report, echo: Word | None = None
    ) -> None:
        """Understand what was reported of the words `coming`; `echo` is one not to be heard."""
        self._coming = coming
        self._pcm = pcm
        self._begins = {coming[index]: at for index, at in report.begins}
        #: The word before which the sound ends, None where all was spoken.
        self.cut = echo if echo in self._begins else None
        if report.cut is not None:
            self.cut = coming[report.cut]
        #: A burst was made and no word but the first had begun: nothing can be kept.
        self.failed = report.failed

    def sound(self) -> Pcm:
        """Return what was said before the cut: mono int16."""
        return self._pcm if self.cut is None else self._pcm[: self._begins[self.cut]]

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
