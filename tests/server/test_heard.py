"""What a listener has heard: never more than has wholly played, never less."""

import pytest

from server.heard import Heard


def two_segments() -> Heard:
    """Speak "Hello there. Bye." at 100 samples a word, with a pause of 50 after the first."""
    heard = Heard()
    heard.word(0, 5)
    heard.word(100, 12)
    heard.segment_end(250, 12)
    heard.word(250, 17)
    heard.segment_end(350, 17)
    return heard


@pytest.mark.parametrize(
    ("played", "characters"),
    [(0, 0), (99, 0), (100, 5), (249, 5), (250, 12), (349, 12), (350, 17), (10_000, 17)],
)
def test_a_word_is_heard_where_the_next_one_begins(played: int, characters: int) -> None:
    assert two_segments().upto(played) == characters


def test_the_word_that_is_being_made_is_not_heard_yet() -> None:
    heard = Heard()
    heard.word(0, 5)
    assert heard.upto(10_000) == 0


def test_without_words_a_segment_is_heard_as_a_whole() -> None:
    heard = Heard()
    heard.segment_end(100, 20)
    heard.segment_end(200, 40)
    assert [heard.upto(played) for played in (99, 100, 199, 200)] == [0, 20, 20, 40]


def test_ten_thousand_words_are_asked_for_at_no_cost() -> None:
    heard = Heard()
    for number in range(10_000):
        heard.word(number, number + 1)
    assert [heard.upto(played) for played in range(1, 10_000)] == list(range(1, 10_000))
