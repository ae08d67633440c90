"""When the model has lost its way: it speaks on after its text, or goes round in circles."""

from engine.steps import FinishReason

#: Speech takes about so many frames for a byte of UTF-8: at 21.5 frames a second 15 characters of
#: English are 1.4, and 4.5 of Chinese, of three bytes each, 1.6.
_FRAMES_PER_BYTE = 1.5
#: A digit is spoken as a word, so it counts as this many bytes more.
_BYTES_PER_DIGIT = 3
#: No voice speaks so many times slower.
_SLOWEST = 4
#: 3 s, for what no text shows: a pause, a laugh, a sigh.
_EXTRA_FRAMES = 65
#: A circle is at most so long, 1 s, and has gone on for so long, 3 s. Nobody says the same to the
#: very code for that long, and no pause within a segment lasts it.
_LONGEST_CIRCLE = 21
CIRCLING_FRAMES = 65


def expected_frames(text: str) -> int:
    """Return about how many frames `text` takes."""
    num_digits = sum(character.isdigit() for character in text)
    num_bytes = len(text.encode("utf-8", "surrogatepass")) + _BYTES_PER_DIGIT * num_digits
    return round(_FRAMES_PER_BYTE * num_bytes)


def most_frames(text: str) -> int:
    """Return the frames that no honest reading of `text` reaches."""
    return _SLOWEST * expected_frames(text) + _EXTRA_FRAMES


class Guard:
    """Watches the frames of one segment."""

    def __init__(self, max_frames: int, circling_frames: int = CIRCLING_FRAMES) -> None:
        """Allow `max_frames` frames, and `circling_frames` of them that go round in circles."""
        self._max_frames = max_frames
        self._circling_frames = circling_frames
        self._codes: list[int] = []
        #: For the length of each circle that the last code is on, how many before it were.
        self._circling: dict[int, int] = {}

    def add(self, code: int) -> FinishReason | None:
        """Take the first code of the next frame; return why it is the last one, if it is.

        The first codebook alone is what the slow transformer draws, and where it goes in circles;
        the other codes differ by chance even then.
        """
        recent = self._codes[-_LONGEST_CIRCLE:]
        self._codes.append(code)
        before = self._circling
        self._circling = {}
        if code in recent:
            lengths = (n for n, earlier in enumerate(reversed(recent), 1) if earlier == code)
            self._circling = {length: before.get(length, 0) + 1 for length in lengths}
            if max(self._circling.values()) >= self._circling_frames:
                return FinishReason.REPETITION
        return FinishReason.LENGTH if len(self._codes) >= self._max_frames else None
