"""The piece of text that is spoken as one prompt, and the rules that cut it."""

from dataclasses import dataclass

from engine.text.alignment import Alignment


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of a sequence's text, spoken as one prompt.

    `text` is what is said; `start` and `end` count code points in all text of the sequence, so that
    `all_text[start:end]` is what is written. Without an `alignment` both are the same. It `is_last`
    where the text ended or was flushed.
    """

    text: str
    start: int
    end: int
    is_last: bool = False
    alignment: Alignment | None = None

    def written(self, start: int, end: int) -> tuple[int, int]:
        """Return which characters of all text are said by `text[start:end]`."""
        if self.alignment is not None:
            start, end = self.alignment.written(start, end)
        return self.start + start, self.start + end


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentRules:
    """How long the segments of a model are, in words and in code points.

    A script without spaces counts a fixed number of characters as one word. The first segment of a
    sequence has a smaller limit of its own, so that it speaks early.
    """

    #: A clause shorter than this waits for the next one: "Sure," lasts 0.35 s, too short to cover
    #: the arrival of what follows it.
    min_words: int = 3
    #: A sequence starts to speak at the first border after this many words at the latest.
    first_max_words: int = 8
    #: No segment is longer, whatever the text: a segment is synthesised without a pause.
    max_words: int = 12
    #: The same in code points, for text without words.
    max_chars: int = 120
