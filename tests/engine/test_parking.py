"""Who is parked for whom, while one step hands out slots."""

import pytest

from engine.request import ServiceClass, SynthesisRequest
from engine.scheduling.backlog import Backlog
from engine.scheduling.limits import SchedulerLimits
from engine.scheduling.parking import Parking
from engine.scheduling.playback import Playback
from engine.scheduling.sequence import Sequence
from engine.text.segment import SegmentRules
from engine.text.segmenter import Segmenter

RATE_HZ = 1_000
WAITS = 0
FIRST_CALL = 100


def sequence(number: int) -> Sequence:
    """Build one that has text and credit: a note, or from `FIRST_CALL` on a call.

    A call has as many seconds of lead as its number is above `FIRST_CALL`.
    """
    is_call = number >= FIRST_CALL
    service_class = ServiceClass.CALL if is_call else ServiceClass.NOTE
    built = Sequence(
        id=number,
        request=SynthesisRequest(voice="tone", service_class=service_class),
        backlog=Backlog(Segmenter(SegmentRules())),
        playback=Playback(RATE_HZ),
        granted=1,
    )
    built.append("Good day. ", 0.0)
    built.flush(1)
    built.playback.want(0.0)
    built.playback.produce(0.0, max(number - FIRST_CALL, 0) * RATE_HZ)
    return built


#: Floor, holders, takers one after another, and who is parked for each. Calls from 100 on.
CASES = {
    "a note takes from the call furthest ahead": (1, [103, 105], [1], [105]),
    "a note takes no call once the notes are at their floor": (1, [105, 1], [2], [WAITS]),
    "a note that takes from a call counts": (1, [103, 105], [1, 2], [105, WAITS]),
    "a note that takes from a note counts once": (1, [105, 9], [1, 2], [9, WAITS]),
    "a young note waits for an older one": (2, [1, 2], [3], [WAITS]),
    "calls take notes, the youngest first": (1, [1, 2, 3], [100, 100], [3, 2]),
    "calls leave notes their floor": (2, [1, 2, 3], [100, 100], [3, WAITS]),
    "a call takes from one that is far ahead": (1, [101, 103, 1], [100, 100], [103, WAITS]),
}


@pytest.mark.parametrize(("floor", "holders", "takers", "parked"), CASES.values(), ids=CASES.keys())
def test_slots_change_hands_so(
    floor: int, holders: list[int], takers: list[int], parked: list[int]
) -> None:
    limits = SchedulerLimits(note_floor=floor)
    parking = Parking([sequence(number) for number in holders], set(), limits, now_s=0.0)
    victims = [parking.make_room(sequence(number)) for number in takers]
    assert [victim.id if victim else WAITS for victim in victims] == parked
