"""The text of a turn, when each piece of it is sent, and so when each segment is complete."""

import random
import re
from collections.abc import Callable
from dataclasses import dataclass

from engine.text.segment import SegmentRules
from engine.text.segmenter import Segmenter
from loadtest.texts import turn_text
from server.models import load_runner

_WORD = re.compile(r"\S+\s*")


@dataclass(frozen=True, slots=True)
class Script:
    """What is sent in one turn; times are seconds from its beginning."""

    #: `(seconds, text)`, in order; the text ends with the last of them.
    pieces: tuple[tuple[float, str], ...]
    #: `(character, seconds)`: the segment that ends at that character was complete then.
    completed: tuple[tuple[int, float], ...]

    @property
    def first_segment_s(self) -> float:
        """When there was something to speak."""
        return self.completed[0][1]

    def complete_s(self, end: int) -> float:
        """Return when the text up to character `end` was complete, as segments go."""
        return next((at_s for char, at_s in self.completed if char >= end), self.completed[-1][1])


def whole(text: str) -> Script:
    """Send all of it at once."""
    return Script(((0.0, text),), ((len(text), 0.0),))


def live(text: str, words_per_s: float, rules: SegmentRules) -> Script:
    """Send it word by word, as a language model writes; the server cuts it by `rules`."""
    pieces = tuple(
        (index / words_per_s, word.group()) for index, word in enumerate(_WORD.finditer(text))
    )
    segmenter = Segmenter(rules)
    completed = [(s.end, at_s) for at_s, piece in pieces for s in segmenter.feed(piece)]
    completed += [(segment.end, pieces[-1][0]) for segment in segmenter.flush()]
    return Script(pieces, tuple(completed))


def script_maker(words_per_s: float, model: str) -> Callable[[random.Random], Script]:
    """Return what makes the script of a turn; zero words a second is all of them at once.

    Live text is cut as `model` cuts it.
    """
    if not words_per_s:
        return lambda rng: whole(turn_text(rng))
    runner = load_runner(model)
    rules = runner.info.segmentation
    runner.close()
    return lambda rng: live(turn_text(rng), words_per_s, rules)
