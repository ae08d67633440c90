"""Who is taken, who is refused, and when the refused should come again."""

import pytest

from engine.request import ServiceClass, SynthesisRequest
from protocol.codes import ErrorCode
from server.admission import Admission
from server.errors import RequestError
from server.places import MAX_RETRY_S, MIN_RETRY_S, Place, Places

CALL = SynthesisRequest(voice="tone")
NOTE = SynthesisRequest(voice="tone", service_class=ServiceClass.NOTE)
SLOW, FAST = SynthesisRequest(voice="tone", pace=0.5), SynthesisRequest(voice="tone", pace=2.0)


def refusal(admission: Admission, request: SynthesisRequest) -> RequestError:
    with pytest.raises(RequestError) as refused:
        admission.reserve(request)
    assert refused.value.code is ErrorCode.OVERLOADED
    return refused.value


def test_each_class_has_its_own_places() -> None:
    admission = Admission(1, 2)
    call = admission.reserve(CALL)
    admission.reserve(NOTE)
    admission.reserve(NOTE)
    assert refusal(admission, CALL).retry_after_s is not None
    refusal(admission, NOTE)
    admission.release(call, is_spoken=True)
    admission.reserve(CALL)
    reserved = [admission.reserved(each) for each in (ServiceClass.CALL, ServiceClass.NOTE)]
    assert reserved == [1, 2]


def test_a_place_that_is_held_is_nobody_elses_and_teaches_nothing() -> None:
    time_s = [0.0]
    admission = Admission(1, 1, clock=lambda: time_s[0])
    with admission.holding(NOTE):
        time_s[0] = 200.0
        refusal(admission, NOTE)
    admission.reserve(NOTE)
    # As long as utterances last that nobody has seen.
    assert refusal(admission, NOTE).retry_after_s == pytest.approx(10.0)


def test_a_call_is_taken_only_while_every_prediction_keeps_all_of_them() -> None:
    asked: list[int] = []

    def keeps_three(num_calls: int) -> bool:
        asked.append(num_calls)
        return num_calls <= 3

    admission = Admission(100, 100, lambda _: True, keeps_three)
    for _ in range(3):
        admission.reserve(CALL)
    assert "real time" in refusal(admission, CALL).message
    assert asked == [1, 2, 3, 4]
    admission.reserve(NOTE)


def test_a_call_counts_for_as_much_of_the_model_as_its_listener_uses_up() -> None:
    admission = Admission(100, 100, lambda num_calls: num_calls <= 4)
    admission.reserve(FAST)
    admission.reserve(SLOW)
    admission.reserve(SLOW)
    refusal(admission, FAST)
    admission.reserve(CALL)
    refusal(admission, SLOW)


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


class Speech:
    """Utterances that are spoken at ten characters a second."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.places = Places(ServiceClass.CALL, self.clock)
        for _ in range(200):
            place = self.open(40)
            self.clock.now_s += 4.0
            self.places.free(place, is_spoken=True)

    def open(self, num_chars: int, *, is_complete: bool = True) -> Place:
        place = self.places.take(1.0)
        place.num_chars, place.is_complete = num_chars, is_complete
        return place


def test_the_refused_are_told_when_the_work_in_hand_should_end_one_after_another() -> None:
    speech = Speech()
    speech.open(300)
    speech.open(1_000)
    speech.clock.now_s += 10.0
    promises = [speech.places.promise() for _ in range(4)]
    # Whoever comes third waits for the end of what the first will have said.
    assert promises == pytest.approx([20.0, 90.0, 24.0, 94.0], rel=0.01)
    speech.clock.now_s += 22.0
    assert speech.places.promise() == pytest.approx(68.0 + 4.0, rel=0.05)


def test_of_live_text_as_much_is_expected_as_others_had() -> None:
    speech = Speech()
    speech.open(10, is_complete=False)
    speech.clock.now_s += 1.0
    assert speech.places.promise() == pytest.approx(3.0, rel=0.01)


def test_quiet_hours_say_nothing_of_how_long_work_lasts() -> None:
    speech = Speech()
    speech.clock.now_s += 8 * 3_600.0
    speech.open(40)
    assert speech.places.promise() == pytest.approx(4.0, rel=0.01)


def test_what_was_cut_short_says_nothing_of_how_fast_text_is_spoken() -> None:
    speech = Speech()
    for _ in range(200):
        place = speech.open(10_000)
        speech.clock.now_s += 4.0
        speech.places.free(place, is_spoken=False)
    speech.open(100)
    assert speech.places.promise() == pytest.approx(10.0, rel=0.01)


def test_nobody_is_told_to_come_too_soon_or_too_late() -> None:
    speech = Speech()
    overdue = speech.open(10)
    speech.clock.now_s += 60.0
    assert speech.places.promise() == MIN_RETRY_S
    speech.places.free(overdue, is_spoken=True)
    speech.open(1_000_000)
    speech.clock.now_s += 1.0
    assert speech.places.promise() == MAX_RETRY_S
