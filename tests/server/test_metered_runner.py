"""A runner whose steps are counted teaches the model of their times, on which admission relies."""

from engine.commands import AppendText, EndText, Open
from engine.request import SynthesisRequest
from engine.scheduling.limits import SchedulerLimits
from engine.scheduling.scheduler import Scheduler
from engine.scheduling.step_times import StepTimeModel
from server.metered_runner import MeteredRunner
from server.metrics import Metrics
from tests.helpers.virtual_engine import instant_tone


def test_every_step_with_rows_teaches_what_a_step_takes() -> None:
    times = StepTimeModel()
    runner = MeteredRunner(instant_tone(), Metrics(), times, num_slots=2)
    scheduler = Scheduler(runner.info, SchedulerLimits(num_slots=2, note_floor=0))
    runner.run(scheduler.plan(0.0))
    assert times.predict(1) == 0
    scheduler.handle(Open(1, SynthesisRequest(voice="tone"), 10_000), 0.0)
    scheduler.handle(AppendText(1, "One two three four."), 0.0)
    scheduler.handle(EndText(1), 0.0)
    runner.run(scheduler.plan(0.0))
    assert times.predict(1) > 0
