"""When words are told, of models that mark them and of those that mark segments alone."""

from protocol.integrations.words import TimedText, Words
from protocol.messages import Mark


def mark(at: int, start: int, end: int, unit: str) -> Mark:
    return Mark(1, at, start, end, unit)  # type: ignore[arg-type]


def told(*marks: Mark, samples: int) -> list[TimedText]:
    words = Words()
    return [text for text in (*map(words.take, marks), words.finish(samples)) if text is not None]


def test_a_word_is_told_where_it_begins_and_its_segment_is_not() -> None:
    marks = mark(0, 0, 7, "segment"), mark(5, 0, 3, "word"), mark(50, 4, 7, "word")
    assert told(*marks, samples=100) == [TimedText(0, 3, 5), TimedText(4, 7, 50)]


def test_a_segment_without_words_is_told_once_it_was_spoken() -> None:
    marks = mark(0, 0, 7, "segment"), mark(60, 8, 20, "segment")
    assert told(*marks, samples=100) == [TimedText(0, 7, 60), TimedText(8, 20, 100)]


def test_what_is_spoken_again_is_not_told_again() -> None:
    marks = mark(0, 0, 3, "word"), mark(50, 0, 3, "word"), mark(90, 4, 7, "word")
    assert told(*marks, samples=100) == [TimedText(0, 3, 0), TimedText(4, 7, 90)]
