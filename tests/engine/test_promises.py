"""A call that was taken is kept in real time, whatever notes there are: in virtual time."""

import pytest

from engine.commands import AppendText, EndText, Grant, Open
from engine.outputs import Chunk
from engine.request import ServiceClass, SynthesisRequest
from engine.runners.tone import SAMPLE_RATE_HZ, StepTimes, ToneRunner
from engine.scheduling.capacity import SHARE, Capacity
from engine.scheduling.limits import SchedulerLimits
from engine.scheduling.scheduler import Scheduler
from engine.scheduling.step_times import StepTimeModel
from engine.warm_up import warm_up
from tests.helpers.virtual_clock import VirtualClock

LIMITS = SchedulerLimits(num_slots=108, note_floor=8)
#: A row costs 0.4 ms, so that a full batch takes longer than a frame lasts.
TABLE = "1:10,1000:410"
TEXT = "word " * 60
WINDOW = 2 * SAMPLE_RATE_HZ
GRANT_PERIOD_S = 0.25
SECONDS = 6.0
FIRST_NOTE = 10_000
ROUNDING_S = 1e-9
IDLE_S = 0.005


class Listener:
    """Plays as soon as there is audio, `pace` times as fast, and grants what keeps a window."""

    def __init__(self, pace: float) -> None:
        self.rate_hz = SAMPLE_RATE_HZ * pace
        self.received = 0
        self.dry_s = float("-inf")
        self.num_silences = 0

    def hear(self, num_samples: int, now_s: float) -> None:
        self.num_silences += self.received > 0 and now_s > self.dry_s + ROUNDING_S
        self.dry_s = max(self.dry_s, now_s) + num_samples / self.rate_hz
        self.received += num_samples

    def played(self, now_s: float) -> int:
        return self.received - round(max(self.dry_s - now_s, 0.0) * self.rate_hz)


class Exchange:
    """As many calls as can be kept, and notes that take all they can get."""

    def __init__(self, *, num_notes: int, pace: float = 1.0, num_calls: int | None = None) -> None:
        self.clock = VirtualClock()
        self.runner = ToneRunner(StepTimes.parse(TABLE), self.clock.sleep, self.clock)
        times = StepTimeModel()
        warm_up(self.runner, times, LIMITS.num_slots, self.clock)
        capacity = Capacity(self.runner.info, LIMITS, times)
        self.scheduler = Scheduler(self.runner.info, LIMITS, times)
        most = next(n for n in range(LIMITS.num_slots) if not capacity.keeps(n + 1))
        num_calls = int(most / pace) if num_calls is None else num_calls
        self.pace = pace
        self.listeners = {number + 1: Listener(pace) for number in range(num_calls)}
        for number in range(num_notes):
            self._open(FIRST_NOTE + number, ServiceClass.NOTE, 2**40)
        for number in self.listeners:
            self._open(number, ServiceClass.CALL, WINDOW)

    def run(self) -> int:
        """Speak for some seconds; return how often a listener ran dry."""
        end_s = self.clock() + SECONDS
        grant_s = self.clock()
        while self.clock() < end_s:
            if self.clock() >= grant_s:
                grant_s += GRANT_PERIOD_S
                self._grant()
            plan = self.scheduler.plan(self.clock())
            if not plan:
                self.clock.sleep(IDLE_S)
            for output in self.scheduler.apply(self.runner.run(plan), self.clock()):
                if isinstance(output, Chunk) and output.sequence_id in self.listeners:
                    listener = self.listeners[output.sequence_id]
                    listener.hear(len(output.pcm), self.clock())
        assert all(listener.received for listener in self.listeners.values())
        return sum(listener.num_silences for listener in self.listeners.values())

    def _open(self, number: int, service_class: ServiceClass, credit: int) -> None:
        request = SynthesisRequest(voice="tone", service_class=service_class, pace=self.pace)
        for command in (Open(number, request, credit), AppendText(number, TEXT), EndText(number)):
            self.scheduler.handle(command, self.clock())

    def _grant(self) -> None:
        for number, listener in self.listeners.items():
            played = listener.played(self.clock())
            self.scheduler.handle(Grant(number, played + WINDOW, played), self.clock())


@pytest.mark.parametrize("num_notes", [0, 100])
def test_every_call_that_was_taken_is_kept_whatever_notes_there_are(num_notes: int) -> None:
    assert Exchange(num_notes=num_notes).run() == 0


def test_calls_that_are_used_up_faster_are_kept_when_they_were_counted_as_more() -> None:
    assert Exchange(num_notes=100, pace=2.0).run() == 0


def test_notes_take_every_row_where_nobody_calls_and_no_more_than_a_call_can_wait_for() -> None:
    alone = Exchange(num_notes=100, num_calls=0)
    assert len(alone.scheduler.plan(0.0).rows) == 100
    beside = Exchange(num_notes=100, num_calls=1)
    num_rows = len(beside.scheduler.plan(0.0).rows)
    assert LIMITS.note_floor < num_rows < 100
    frame_s = beside.runner.info.frame_samples / SAMPLE_RATE_HZ
    assert (
        StepTimes.parse(TABLE)(num_rows) <= SHARE * frame_s < StepTimes.parse(TABLE)(num_rows + 1)
    )
