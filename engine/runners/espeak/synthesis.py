"""One segment turned into PCM and word marks, in bursts of bounded work.

The library speaks a whole text in one call. A hostile one (a hundred ideographs, each read by name)
would hold it for a tenth of a second, so a call is stopped once it has made a burst. The sound then
ends before the last word that began, and the next burst begins with that word: no word is lost or
spoken twice. Only a short run without a space is heard out. Where a burst ends depends on the sound
alone, never on a clock.
"""

from dataclasses import dataclass

import numpy as np

from engine.runners.espeak.child import Child
from engine.runners.espeak.heard import Heard
from engine.runners.espeak.text import (
    Word,
    can_echo,
    clean,
    first_run,
    piece_end,
    split_pause,
    words,
)
from engine.runners.espeak.wire import Manner, Question, Report
from engine.steps import Pcm, WordMark
from engine.text.segment import Segment

#: The longest run without a space that is handed over at once. The library drops what lies beyond
#: 160 bytes of one, which is 40 code points of four bytes.
MAX_RUN_CHARS = 40
#: A run as short as this is spoken to its end, even if that takes more than a burst: two characters
#: of mathematics, which are read by their long names, take 10 s at half the pace.
MIN_RUN_CHARS = 2
#: The same with an ASCII digit in it, since a part of a number is another number. What takes the
#: longest of all languages is Latvian: 16 digits are 26 s at half the pace, and 22 ms of work.
MIN_NUMBER_CHARS = 16


@dataclass(frozen=True, slots=True, eq=False)
class Burst:
    """What one call made: mono int16, marks counted from the segment's start, the end or not.

    It can be empty before the end: the call found its text too long, and will take less.
    """

    pcm: Pcm
    marks: tuple[WordMark, ...]
    done: bool


class Synthesis:
    """A segment being spoken. `burst` is called until it says `done`."""

    def __init__(self, child: Child, manner: Manner, segment: Segment) -> None:
        """Begin to speak `segment`, of any text at all."""
        self._child = child
        self._manner = manner
        self._text = clean(segment.text)
        self._is_last = segment.is_last
        self._words = words(self._text)
        self._position = 0
        self._made = 0
        self._run_chars = MAX_RUN_CHARS

    def burst(self) -> Burst:
        """Make the next burst.

        Raises:
            UnknownVoice: the library does not know the voice.
            Unspeakable: the library crashes in what it has to speak next.
        """
        coming = [word for word in self._words if word.end > self._position]
        if not coming:
            return Burst(np.zeros(0, np.int16), (), done=True)
        stop = piece_end(self._text, self._position, self._run_chars)
        while coming[0].start >= stop:
            self._position = stop
            stop = piece_end(self._text, stop, self._run_chars)
        run = first_run(self._text[self._position : stop])
        heard = self._hear(
            stop, [word for word in coming if word.start < stop], must_end=_is_short(run)
        )
        if heard.failed:
            self._run_chars = len(run) // 2
            return Burst(np.zeros(0, np.int16), (), done=False)
        return self._keep(heard, stop if heard.cut is None else min(heard.cut.start, stop))

    def _hear(self, stop: int, coming: list[Word], *, must_end: bool) -> Heard:
        text, end_pause = self._text[self._position : stop], False
        if stop == len(self._text):
            inner, end_pause = split_pause(text, is_last=self._is_last)
            heard = None if end_pause else self._hear_going_on(text, coming, must_end=must_end)
            if heard is not None:
                return heard
            text = inner
        return Heard(coming, *self._ask(text, coming, end_pause=end_pause, must_end=must_end))

    def _hear_going_on(self, text: str, coming: list[Word], *, must_end: bool) -> Heard | None:
        """Hear a text with which the next segment goes on; None if that cannot be.

        The library lengthens whatever a call ends with, so it says the last word once more, and the
        sound is cut before.
        """
        last = coming[-1]
        word = self._text[max(last.start, self._position) : last.end]
        if not can_echo(word):
            return None
        begin = self._position + len(text) + 1
        echo = Word(begin, begin + len(word))
        answer = self._ask(f"{text} {word}", [*coming, echo], end_pause=False, must_end=must_end)
        heard = Heard([*coming, echo], *answer, echo=echo)
        # No event may come for it: "the" is one with the word before.
        return heard if heard.cut is not None or heard.failed else None

    def _ask(
        self, text: str, coming: list[Word], *, end_pause: bool, must_end: bool
    ) -> tuple[Pcm, Report]:
        begin = self._position
        slices = [(word.start - begin, word.end - begin) for word in coming]
        return self._child.ask(Question(self._manner, text, end_pause, slices, must_end))

    def _keep(self, heard: Heard, stop: int) -> Burst:
        pcm = heard.sound()
        marks = tuple(
            WordMark(self._made + at, word.start, word.end)
            for word, at in heard.times(stop)
            # The rest of a word that was cut in two is no new word.
            if word.start >= self._position
        )
        self._position = stop
        if any(char.isspace() for char in self._text[stop - 1 : stop + 1]):
            self._run_chars = MAX_RUN_CHARS
        self._made += len(pcm)
        return Burst(pcm, marks, done=stop >= self._words[-1].end)


def _is_short(run: str) -> bool:
    has_number = run.isascii() and any(char.isdigit() for char in run)
    return len(run) <= (MIN_NUMBER_CHARS if has_number else MIN_RUN_CHARS)
