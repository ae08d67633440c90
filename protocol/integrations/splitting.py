"""Where a text that is longer than a stream may be goes on in the next one."""

import re

#: A full stop, a question, an exclamation or an ellipsis with what closes it, or a new line. Where
#: it is one of an abbreviation, a pause at the wrong place is the most that comes of it.
_SENTENCE = re.compile(r"[.!?…][\"')\]”\u2019»]*\s|[\u3002\uff01\uff1f]|\n")
_WORD = re.compile(r"\s")


def stream_end(text: str, begin: int, max_chars: int) -> int | None:
    """Return where the stream that says `text[begin:]` ends, or `None` while more may come.

    That is behind the first sentence that ends in the second half of what the stream may have. If
    none does, then behind the first word of the last eighth, and else wherever it is full. No text
    to come changes it: a writer who sends what is there never sends what belongs to the next.
    """
    half, last, limit = (begin + max_chars * eighths // 8 for eighths in (4, 7, 8))
    border = _SENTENCE.search(text, half, last) or _WORD.search(text, last, limit)
    if border is not None:
        return border.end()
    return limit if len(text) >= limit else None
