"""A sequence's text on its way to speech: cut as if at once, and no sooner than it is needed."""

import sys
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.scheduling.backlog import Backlog
from engine.scheduling.limits import SchedulerLimits
from engine.text.segment import Segment, SegmentRules
from engine.text.segmenter import Segmenter
from tests.helpers.virtual_engine import VirtualEngine

SENTENCE = "The quick brown fox jumps over the lazy dog. "
#: The most a stream may hold.
NUM_CHARS = 20_000
PATTERNS = ("你好世界。", SENTENCE, "x", " ", "Well, " + " " * 500)

PIECES = st.text(alphabet="ab .,!\n\u00a03你好。", max_size=80) | st.text(alphabet=" ", max_size=80)
#: What arrives: text, or a flush.
ARRIVALS = st.lists(PIECES | st.just(None), max_size=12)


def out_of(backlog: Backlog) -> list[Segment | int]:
    taken: list[Segment | int] = []
    while backlog.head is not None:
        taken.append(backlog.pop())
    return taken


def calls_in(action: Callable[[], object]) -> int:
    """Count the calls that `action` makes: its work, whatever the machine."""
    counted = 0

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal counted
        counted += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        action()
    finally:
        sys.setprofile(None)
    return counted


@settings(max_examples=300)
@given(ARRIVALS, st.data())
def test_what_comes_out_is_what_cutting_at_once_gives_whenever_it_is_taken(
    arrivals: list[str | None], data: st.DataObject
) -> None:
    segmenter, backlog = Segmenter(SegmentRules()), Backlog(Segmenter(SegmentRules()))
    expected: list[Segment | int] = []
    taken: list[Segment | int] = []
    for token, text in enumerate(arrivals):
        if text is None:
            expected += [*segmenter.flush(), token]
            backlog.flush(token)
        else:
            expected += segmenter.feed(text)
            backlog.append(text)
        while backlog.head is not None and data.draw(st.booleans()):
            taken.append(backlog.pop())
    expected += segmenter.flush()
    backlog.end()
    assert taken + out_of(backlog) == expected
    assert backlog.exhausted


@given(ARRIVALS)
def test_text_is_undecided_exactly_while_only_more_text_would_decide_it(
    arrivals: list[str | None],
) -> None:
    backlog = Backlog(Segmenter(SegmentRules()))
    since_flush = ""
    for token, text in enumerate(arrivals):
        if text is None:
            backlog.flush(token)
            since_flush = ""
        else:
            backlog.append(text)
            since_flush += text
    spoken = "".join(out.text for out in out_of(backlog) if isinstance(out, Segment))
    whole = "".join(text or "" for text in arrivals)
    left = "".join(whole.split())[len("".join(spoken.split())) :]
    assert backlog.undecided == bool(left)
    assert "".join(since_flush.split()).endswith(left)
    backlog.end()
    assert not backlog.undecided


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_long_text_costs_its_command_no_more_than_a_short_one(pattern: str) -> None:
    def cost(num_chars: int) -> int:
        engine = VirtualEngine()
        engine.open(1, end=False)
        text = (pattern * num_chars)[:num_chars]
        return calls_in(lambda: engine.append(1, text)) + calls_in(lambda: engine.end(1))

    # The collector's own calls are counted too, when it happens to run.
    assert cost(NUM_CHARS) <= 1.1 * cost(1_000)


@pytest.mark.slow
@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_long_text_costs_no_step_more_than_a_short_one(pattern: str) -> None:
    def worst(num_chars: int) -> int:
        # A step speaks a whole segment: so there are fewer, and none does less.
        engine = VirtualEngine(SchedulerLimits(max_chunk_frames=1_000))
        engine.open(1, "One. " + (pattern * num_chars)[:num_chars])
        costs = []
        while engine.scheduler.num_sequences:
            costs.append(calls_in(engine.step))
        return max(costs)

    assert worst(NUM_CHARS) <= 1.5 * worst(1_000)


def test_a_text_that_comes_letter_by_letter_is_not_read_so() -> None:
    def cost(size: int) -> int:
        backlog = Backlog(Segmenter(SegmentRules()))
        backlog.append("One two three. ")
        for at in range(0, NUM_CHARS, size):
            backlog.append(" " * min(size, NUM_CHARS - at))
        return calls_in(backlog.pop)

    assert cost(1) < NUM_CHARS
