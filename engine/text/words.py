"""Counting words and finding where text may be cut, one code point at a time."""

import unicodedata

from engine.text.marks import WORD_ENDING_MARKS

#: The unit of counting is half a word, so that a script without spaces can count two characters
#: as one word.
HALVES_PER_WORD = 2

#: Blocks of the scripts that are written without spaces between words.
_UNSPACED_BLOCKS = (
    (0x0E00, 0x109F),  # Thai, Lao, Tibetan, Myanmar
    (0x1780, 0x17FF),  # Khmer
    (0x1950, 0x19FF),  # Tai Le, New Tai Lue, Khmer symbols
    (0x1A20, 0x1AAF),  # Tai Tham
    (0x1B00, 0x1B7F),  # Balinese
    (0x3005, 0x3007),  # Han iteration and closing marks, ideographic zero
    (0x3040, 0x312F),  # Hiragana, Katakana, Bopomofo
    (0x31A0, 0x31BF),  # Bopomofo extended
    (0x31F0, 0x31FF),  # Katakana extensions
    (0x3400, 0x4DBF),  # Han extension A
    (0x4E00, 0x9FFF),  # Han
    (0xA980, 0xA9FF),  # Javanese, Myanmar extended B
    (0xAA60, 0xAADF),  # Myanmar extended A, Tai Viet
    (0xF900, 0xFAFF),  # Han compatibility
    (0xFF66, 0xFF9F),  # half-width Katakana
    (0x1B000, 0x1B16F),  # Kana supplement
    (0x20000, 0x3FFFF),  # Han extensions B and later
)

#: Letters that belong to the syllable before them: small kana, lengthening and iteration marks,
#: the vowels that Thai and Lao write after their consonant.
_TRAILERS = frozenset(
    "ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶーゝゞヽヾ々ｰｧｨｩｪｫｬｭｮｯะาำๅๆฯະາຳໆ"
)

#: Vowels that Thai and Lao write before their consonant.
_LEADERS = frozenset("เแโใไເແໂໃໄ")

_ZERO_WIDTH_JOINERS = "\u200c\u200d"
_WORD_JOINER = "\u2060"


def is_unspaced(char: str) -> bool:
    """Tell whether `char` belongs to a script written without spaces between words."""
    code = ord(char)
    if code < _UNSPACED_BLOCKS[0][0]:
        return False
    return any(first <= code <= last for first, last in _UNSPACED_BLOCKS)


def is_opening(char: str) -> bool:
    """Tell whether `char` opens a bracket or a quotation: it belongs to what follows."""
    return unicodedata.category(char) in ("Ps", "Pi")


def _is_flag_half(char: str) -> bool:
    return "\U0001f1e6" <= char <= "\U0001f1ff"


def _extends(char: str) -> bool:
    if char < "\u0300":
        return False
    return (
        unicodedata.category(char)[0] == "M"
        or char in _ZERO_WIDTH_JOINERS
        or "\U0001f3fb" <= char <= "\U0001f3ff"  # skin tones
        or "\U000e0020" <= char <= "\U000e007f"  # tags of subdivision flags
    )


def _pairs(previous: str, char: str) -> bool:
    if "\udc00" <= char <= "\udfff":
        return "\ud800" <= previous <= "\udbff"
    if "\u1160" <= char <= "\u11ff":  # a vowel or final of a Korean syllable
        return "\u1100" <= previous <= "\u11ff" or "\uac00" <= previous <= "\ud7a3"
    return previous in ("\u200d", _WORD_JOINER) or char == _WORD_JOINER


class WordCounter:
    """Counts the words of one text as it arrives, and knows where it must not be cut.

    A word is a run of code points without a space that holds a letter or a digit. In a script
    without spaces each letter is half a word.
    """

    def __init__(self) -> None:
        """Start before the first code point."""
        self.halves = 0
        #: Whether the last code point belongs to the cluster of the one before it.
        self.joined = False
        self._previous = ""
        self._in_word = False
        self._odd_flag_half = False

    def cost(self, char: str) -> int:
        """Return how many half words begin with `char`, the next code point, and step past it.

        The result is not yet part of `halves`: the caller adds it once the text is not cut here.
        """
        previous, self._previous = self._previous, char
        if char.isspace():
            self.joined = self._in_word = self._odd_flag_half = False
            return 0
        self.joined = self._joins(previous, char)
        if not char.isalnum():
            self._in_word = self._in_word and char not in WORD_ENDING_MARKS
            return 0
        return self._unspaced_cost(previous, char) if is_unspaced(char) else self._spaced_cost()

    def _spaced_cost(self) -> int:
        if self._in_word or self.joined:
            return 0
        self._in_word = True
        return HALVES_PER_WORD

    def _unspaced_cost(self, previous: str, char: str) -> int:
        self._in_word = False
        bound = previous in _LEADERS or (char in _TRAILERS and previous.isalnum())
        return 0 if self.joined or (previous and bound) else 1

    def _joins(self, previous: str, char: str) -> bool:
        if _is_flag_half(char):
            self._odd_flag_half = not self._odd_flag_half
            return not self._odd_flag_half or previous == "\u200d"
        self._odd_flag_half = False
        if not previous or previous.isspace():
            return False
        return _extends(char) or _pairs(previous, char)


def count_words(text: str) -> int:
    """Count the words of `text`, rounded up to whole ones."""
    counter = WordCounter()
    halves = sum(counter.cost(char) for char in text)
    return -(-halves // HALVES_PER_WORD)
