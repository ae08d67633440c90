from itertools import count

from hypothesis import given
from hypothesis import strategies as st

from protocol import Mark
from protocol.client.playback import Playback, heard_chars
from protocol.fields import MAX_COUNT

RATE_HZ = 1000
WINDOW = 2000


def test_nothing_is_granted_before_half_of_the_window_has_played() -> None:
    playback = Playback(RATE_HZ, WINDOW)
    playback.deliver(2000, now_s=5.0)
    assert playback.grant(5.999) is None
    assert playback.grant(6.0) == 3000
    assert playback.grant(6.5) is None


def test_a_grant_is_due_when_it_is_given_and_not_before() -> None:
    playback = Playback(RATE_HZ, WINDOW)
    playback.deliver(2000, now_s=5.0)
    due_s = playback.due_s()
    assert 6.0 <= due_s <= 6.01
    assert playback.grant(due_s) is not None


def test_the_clock_stands_still_in_a_stall_and_goes_on_with_the_next_audio() -> None:
    playback = Playback(RATE_HZ, WINDOW)
    playback.deliver(500, now_s=0.0)
    assert playback.played(10.0) == 500
    playback.deliver(1500, now_s=10.0)
    assert playback.played(10.25) == 750


def test_what_the_receiver_does_not_take_earns_no_credit() -> None:
    playback = Playback(RATE_HZ, WINDOW)
    playback.deliver(600, now_s=0.0)
    assert playback.grant(1e6) is None
    assert playback.due_s() == float("inf")


def test_a_report_replaces_the_clock() -> None:
    playback = Playback(RATE_HZ, WINDOW)
    playback.deliver(2000, now_s=0.0)
    playback.report(100)
    assert playback.played(60.0) == 100
    assert playback.due_s() == float("inf")
    playback.report(1000)
    assert playback.grant(60.0) == 3000


def test_a_report_neither_falls_nor_passes_what_was_delivered() -> None:
    playback = Playback(RATE_HZ, WINDOW)
    playback.deliver(300, now_s=0.0)
    playback.report(10_000)
    assert playback.played(0.0) == 300
    playback.report(5)
    assert playback.played(0.0) == 300


def test_without_a_clock_delivered_is_played() -> None:
    playback = Playback(RATE_HZ, WINDOW, clocked=False)
    playback.deliver(1000, now_s=0.0)
    assert playback.grant(0.0) == 3000


def test_no_grant_passes_the_largest_count() -> None:
    playback = Playback(RATE_HZ, 1_200_000_000, clocked=False)
    playback.deliver(1_200_000_000, now_s=0.0)
    assert playback.grant(0.0) == MAX_COUNT


@given(
    st.lists(st.tuples(st.integers(1, 3000), st.floats(0, 5)), max_size=50),
    st.integers(1, 5000),
)
def test_the_unplayed_never_exceeds_the_window(
    deliveries: list[tuple[int, float]], window: int
) -> None:
    playback, delivered, granted, now_s = Playback(RATE_HZ, window), 0, window, 0.0
    for size, pause_s in deliveries:
        now_s += pause_s
        delivered = min(delivered + size, granted)
        playback.deliver(delivered, now_s)
        upto = playback.grant(now_s) or granted
        assert upto >= granted
        granted = upto
        assert granted - playback.played(now_s) <= window


@given(st.integers(1, 5000), st.integers(8000, 48000), st.floats(0, 1e6))
def test_a_listener_who_plays_on_never_waits_for_a_grant(
    window: int, rate_hz: int, now_s: float
) -> None:
    playback = Playback(rate_hz, window)
    playback.deliver(window, now_s)
    due_s = playback.due_s()
    # Float seconds at 1e6 resolve a tenth of a nanosecond: far below one sample.
    assert playback.grant(due_s + 1e-6) is not None
    assert playback.played(due_s) <= window // 2 + 2


def test_a_mark_is_heard_when_the_next_one_begins() -> None:
    marks = [Mark(1, 0, 0, 3, "word"), Mark(1, 100, 4, 7, "word"), Mark(1, 200, 8, 9, "word")]
    assert [heard_chars(marks, 300, played) for played in (0, 99, 100, 299, 300)] == [0, 0, 3, 7, 9]


def test_a_word_does_not_end_the_segment_it_belongs_to() -> None:
    marks = [Mark(1, 0, 0, 7, "segment"), Mark(1, 0, 0, 3, "word"), Mark(1, 100, 4, 7, "word")]
    assert heard_chars(marks, 200, 100) == 3
    assert heard_chars(marks, 200, 200) == 7


@given(
    st.lists(
        st.builds(
            Mark, st.just(1), st.integers(0, 9), st.just(0), st.integers(0, 9), st.just("word")
        )
    ),
    st.integers(0, 9),
    st.integers(0, 9),
)
def test_what_was_heard_is_the_longest_text_whose_successor_has_begun(
    marks: list[Mark], samples: int, played: int
) -> None:
    def sounds_until(index: int) -> int:
        later = (m.at for m in marks[index + 1 :] if m.end > marks[index].end)
        return next(later, samples)

    heard = [m.end for index, m in enumerate(marks) if played >= sounds_until(index)]
    assert heard_chars(marks, samples, played) == max(heard, default=0)


class Counting(int):
    """A count of characters that counts how often it is compared."""

    compared = count()

    def __lt__(self, other: int) -> bool:
        next(self.compared)
        return int(self) < int(other)

    def __gt__(self, other: int) -> bool:
        next(self.compared)
        return int(self) > int(other)


def test_a_thousand_marks_cost_a_few_comparisons_each() -> None:
    ends = [Counting(1)] * 500 + [Counting(end) for end in range(500)]
    Counting.compared = count()
    assert heard_chars([Mark(1, 0, 0, end, "word") for end in ends], 1, 1) == 499
    assert next(Counting.compared) <= 5 * len(ends)
