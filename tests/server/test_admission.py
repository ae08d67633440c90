"""Who is taken, who is refused, and when the refused should come again."""

import pytest

from engine.request import ServiceClass
from protocol.codes import ErrorCode
from server.admission import Admission
from server.errors import RequestError
from server.retry_times import MAX_RETRY_S, MIN_RETRY_S, RetryTimes

CALL, NOTE = ServiceClass.CALL, ServiceClass.NOTE


def refusal(admission: Admission, service_class: ServiceClass) -> RequestError:
    with pytest.raises(RequestError) as refused:
        admission.reserve(service_class)
    assert refused.value.code is ErrorCode.OVERLOADED
    return refused.value


def test_each_class_has_its_own_places() -> None:
    admission = Admission(1, 2)
    admission.reserve(CALL)
    admission.reserve(NOTE)
    admission.reserve(NOTE)
    assert refusal(admission, CALL).retry_after_s is not None
    refusal(admission, NOTE)
    admission.release(CALL)
    admission.reserve(CALL)
    assert (admission.reserved(CALL), admission.reserved(NOTE)) == (1, 2)


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


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def test_the_refused_are_told_to_come_one_by_one_as_places_become_free() -> None:
    clock = Clock()
    times = RetryTimes(clock)
    for _ in range(200):
        clock.now_s += 2.0
        times.place_freed()
    assert [times.promise() for _ in range(3)] == pytest.approx([2.0, 4.0, 6.0])
    clock.now_s += 4.0
    # Two of them have come; the third is still expected.
    assert times.promise() == pytest.approx(4.0)


def test_nobody_is_told_to_come_too_soon_or_too_late() -> None:
    clock = Clock()
    times = RetryTimes(clock)
    for _ in range(200):
        clock.now_s += 0.001
        times.place_freed()
    assert times.promise() == MIN_RETRY_S
    for _ in range(200):
        clock.now_s += 1_000.0
        times.place_freed()
    assert times.promise() == MAX_RETRY_S
